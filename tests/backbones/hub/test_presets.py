"""Presets of keras-hub: a directory, a cache, or a clear word on why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones import keras_hub as hub_backbones
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.hub import presets
from kerastune_ft.config.facts.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.errors import ConfigError
from tests.support import hub_classes

_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "film", "bad", "the"]
_TINY = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny_bert"
    tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary=_WORDS)
    body = keras_hub.models.BertBackbone(vocabulary_size=len(_WORDS), **_TINY)
    body.save_to_preset(str(folder))
    keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=24).save_to_preset(str(folder))
    return folder


def test_a_preset_brings_weights_tokenizer_and_lengths(bert: Path) -> None:
    backbone = build(KerasHub(preset=str(bert)), seed=0)
    text = backbone.input
    assert text is not None
    assert (text.start, text.separator, text.end, text.pad) == ((2,), (3,), (3,), 0)
    assert (text.default_length, text.maximum_length, text.has_segments) == (24, 512, True)
    assert (backbone.name, backbone.transfer.loaded) == ("tiny_bert", len(backbone.variables))
    whole = keras_hub.models.Backbone.from_preset(str(bert))
    inputs = {name: np.ones((2, 5), "int32") for name in text.names}
    expected = whole({name: inputs[name] for name in whole.input}, training=False)["sequence_output"]
    np.testing.assert_array_equal(np.asarray(backbone.model(inputs, training=False)), np.asarray(expected))


def test_large_weights_are_not_drawn_before_those_of_the_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = keras_hub.models.BertBackbone(vocabulary_size=33_000, **_TINY)
    body.save_to_preset(str(tmp_path / "bert"))
    drawn: list[tuple[int, ...]] = []
    draw = keras.initializers.TruncatedNormal.__call__

    def note(own: Any, shape: Any, dtype: Any = None) -> Any:
        drawn.append(tuple(shape))
        return draw(own, shape, dtype)

    monkeypatch.setattr(keras.initializers.TruncatedNormal, "__call__", note)
    opened: Any = hub_backbones._load_preset(KerasHub(preset="x"), "x", str(tmp_path / "bert"), True)
    assert drawn and (33_000, 8) not in drawn
    for one, other in zip(opened.get_weights(), body.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    hub_backbones._load_preset(KerasHub(preset="x"), "x", str(tmp_path / "bert"), False)
    assert (33_000, 8) in drawn


def test_special_tokens_stand_where_the_own_preprocessor_puts_them(bert: Path) -> None:
    text = build(KerasHub(preset=str(bert)), seed=0).input
    assert text is not None
    own = keras_hub.models.TextClassifierPreprocessor.from_preset(str(bert))
    first, second = (list(map(int, text.tokenizer([words])[0])) for words in ("a good film", "the bad"))
    packed, _ = own((["a good film"], ["the bad"]), [0])
    row = [*text.start, *first, *text.separator, *second, *text.end]
    assert list(map(int, packed["token_ids"][0]))[: len(row)] == row
    cut = len(text.start) + len(first) + len(text.separator)
    segments = [0] * cut + [1] * (len(row) - cut)
    assert list(map(int, packed["segment_ids"][0]))[: len(row)] == segments


def test_a_cached_preset_needs_no_network(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    cached = tmp_path / "models" / "org" / "bert" / "keras" / "tiny"
    cached.mkdir(parents=True)
    bert.rename(cached / "12")
    (cached / "9").mkdir()
    assert presets.locate("kaggle://org/bert/keras/tiny", {}) == str(cached / "12")
    assert build(KerasHub(preset="kaggle://org/bert/keras/tiny"), seed=0).transfer.sha256 is not None


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError("no network")

    monkeypatch.setattr("socket.create_connection", refuse)
    for name in ("KAGGLEHUB_CACHE", "HF_HOME", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("bert_base_en", "api.kaggle.com cannot be reached"),
        ("hf://org/name", "huggingface.co cannot be reached"),
        ("modelscope://org/name", "install it: python -m pip install modelscope"),
        ("bert_base_enn", "did you mean 'bert_base_en'?"),
        ("kaggle://bert", "is no whole name; write kaggle://ORG/MODEL/keras/NAME"),
    ],
)
def test_a_preset_that_is_not_to_be_had_is_explained(preset: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(KerasHub(preset=preset), seed=0)
    assert said in str(caught.value)
    assert str(caught.value).startswith("backbone.preset: ")


def test_an_incomplete_directory_is_named(bert: Path) -> None:
    (bert / "model.weights.h5").unlink()
    with pytest.raises(ConfigError, match="has no file of weights"):
        build(KerasHub(preset=str(bert)), seed=0)
    (bert / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"is no preset: it has no config\.json"):
        build(KerasHub(preset=str(bert)), seed=0)


def test_gated_models_are_explained() -> None:
    error = presets.explain_refusal(
        "gemma_2b_en", "kaggle://keras/gemma/keras/gemma_2b_en/2", ValueError("403 forbidden")
    )
    assert "accept its terms on its page at kaggle.com and set KAGGLE_USERNAME and KAGGLE_KEY" in str(error)


def test_an_image_converter_becomes_part_of_the_model(tmp_path: Path) -> None:
    folder = tmp_path / "tiny_vit"
    body = keras_hub.models.ViTBackbone(
        image_shape=(16, 16, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8
    )
    body.save_to_preset(str(folder))
    scale, offset = [0.01, 0.02, 0.03], [-1.0, 0.0, 1.0]
    keras_hub.layers.ViTImageConverter(image_size=(16, 16), scale=scale, offset=offset).save_to_preset(str(folder))
    keras.utils.clear_session()
    backbone = build(KerasHub(preset=str(folder)), seed=0)
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    expected = np.asarray(body(images * np.float32(scale) + np.float32(offset), training=False))
    np.testing.assert_allclose(np.asarray(backbone.model(images, training=False)), expected, atol=1e-6)
    assert (backbone.input.size, backbone.prefix_tokens) == ((16, 16), 1)


def test_byte_tokens_need_a_vocabulary_of_bytes() -> None:
    with pytest.raises(ConfigError, match=r"backbone\.options\.vocabulary_size: 100 is too small"):
        build(KerasHub(**{"class": "BertBackbone"}, options={"vocabulary_size": 100}), seed=0)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("BertBackbone", {"num_layer": 7}, r'\.num_layer: BertBackbone: "num_layer" is unknown; did you mean "num_lay'),
        (
            "BertBackbone",
            {"nonsense": 1},
            r'\.nonsense: BertBackbone: "nonsense" is not a key; write "vocabulary_size", ',
        ),
        ("VGGBackbone", {"patch_size": 4}, r"\.patch_size: VGGBackbone: .* is not a key"),
        ("WhisperBackbone", {"name": "x"}, r"\.name: WhisperBackbone: .* is "),
        ("BertBackbone", {"num_heads": 0}, r": keras_hub.models.BertBackbone refuses: "),
        ("BertBackbone", {"num_layers": "many"}, r": keras_hub.models.BertBackbone refuses: "),
    ],
)
def test_an_option_that_a_class_does_not_take_is_not_left_out(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=r"backbone\.options" + said):
        build(KerasHub(**{"class": name}, options=options), seed=0)


def test_all_options_that_a_class_does_not_take_are_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"options\.num_layer: (?s:.*)\nbackbone\.options\.nonsense: "):
        build(KerasHub(**{"class": "BertBackbone"}, options={"num_layer": 7, "nonsense": 1}), seed=0)


@pytest.mark.parametrize("name", hub_classes.each(BY_CLASS, BY_CLASS))
def test_the_options_of_the_small_models_are_those_of_their_classes(name: str) -> None:
    check = hub_backbones.check_options
    check(name, HUB_FAMILIES[name].small)
    with pytest.raises(ConfigError, match="nonsense"):
        check(name, {**HUB_FAMILIES[name].small, "nonsense": 1})


def test_a_class_that_the_installed_version_lacks_is_refused_with_the_version_that_has_it(
    bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(keras_hub.models, "BertBackbone")
    monkeypatch.setattr(hub_backbones, "SINCE", {"BertBackbone": "9.1"})
    for options, place in (({"class": "BertBackbone"}, "class"), ({"preset": str(bert)}, "preset: .*tiny_bert")):
        with pytest.raises(
            ConfigError, match=rf"backbone\.{place}.* has no BertBackbone; version 9\.1 has it: .*>=9\.1"
        ):
            build(KerasHub(**options), seed=0)


def test_a_preset_length_that_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "preprocessor.json").write_text(json.dumps({"config": {"sequence_length": None}}))
    assert presets.sequence_length(tmp_path) is None
