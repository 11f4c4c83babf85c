"""Speech runs as presets of keras-hub: the same scores in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.backbones.hub.audio import audio_encoder
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.language import export
from kerastune_ft.exporting.language.speech_preset import ScoredSpeech, make_rows
from tests.support.small_tokenizers import make_pieces

NOTHING: Any = None


@pytest.fixture(scope="module")
def body() -> Any:
    import keras
    import keras_hub

    keras.utils.set_random_seed(0)
    return keras_hub.models.WhisperBackbone(
        vocabulary_size=259, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, num_mels=16,
        max_encoder_sequence_length=50, max_decoder_sequence_length=16,
    )  # fmt: skip


def test_rows_are_those_of_the_model_in_frames(body: Any) -> None:
    clip = SimpleNamespace(samples=8000)
    serving: Any = SimpleNamespace(body=body, speech=SimpleNamespace(clip=clip))
    sounds = [np.random.default_rng(0).normal(0, 0.1, (1, length)).astype(np.float32) for length in (5000, 9000)]
    tokens = {"token_ids": np.array([[1, 2, 3]], np.int32), "padding_mask": np.ones((1, 3), np.int32)}
    rows = make_rows(serving, [({"sound": sound, **tokens}, {"labels": number}) for number, sound in enumerate(sounds)])
    assert [targets["labels"] for _, targets in rows] == [0, 1]
    fitted = np.concatenate([np.pad(sounds[0], [(0, 0), (0, 3000)]), sounds[1][:, :8000]])
    frames = np.asarray(audio_encoder(body, None).inputs(fitted)["encoder_features"])
    assert np.allclose(np.concatenate([inputs["encoder_features"] for inputs, _ in rows]), frames, atol=1e-5)
    scores = ScoredSpeech(body, None)(rows[0][0])
    assert scores.shape == (1, 3, 259)


def test_formats_that_cannot_hold_it_are_refused_with_the_one_that_can(tmp_path: Path) -> None:
    config: Any = SimpleNamespace(task=SimpleNamespace(kind="speech_recognition"), modality="speech")
    for name in ("onnx", "litert", "keras", "saved_model", "transformers"):
        with pytest.raises(ConfigError, match="a run of speech_recognition is exported as preset; its own model/"):
            export.export_writer(NOTHING, config, name, tmp_path / "out", ExportOptions(), NOTHING)


def test_the_preset_has_the_scores_of_the_run_elsewhere(body: Any, tmp_path: Path) -> None:
    task = ScoredSpeech(body, SimpleNamespace())
    rng = np.random.default_rng(0)
    row = {
        "encoder_features": rng.normal(0, 1, (1, 50, 16)).astype(np.float32),
        "decoder_token_ids": np.array([[5, 6, 7, 0]], np.int32),
        "decoder_padding_mask": np.array([[1, 1, 1, 0]], np.int32),
    }
    config: Any = SimpleNamespace(backbone=SimpleNamespace())
    written = export.Written(NOTHING, config, {}, task, NOTHING, [(row, {})], [np.asarray(task(row))], "test")
    made = export._write_preset(written, tmp_path)
    assert (made.file, "WhisperAudioConverter" in made.use, "ByteTokenizer" in made.use) == ("preset", True, True)
    largest, allowed = export._refuse_others(written, made.scores, "the export")
    assert largest <= allowed
    names = {path.name for path in (tmp_path / "preset").iterdir()}
    assert {"config.json", "model.weights.h5", "audio_converter.json"} <= names
    assert json.loads((tmp_path / "preset" / "config.json").read_text())["class_name"] == "WhisperBackbone"


# keras-hub leaves the file of the pieces open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_preset_of_moonshine_has_what_keras_hub_writes_down_sounds_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras
    import keras_hub

    tokenizer = make_pieces(keras_hub.tokenizers.MoonshineTokenizer)
    sizes = {"encoder_num_layers": 1, "vocabulary_size": tokenizer.vocabulary_size()}
    moonshine = keras_hub.models.MoonshineBackbone(**{**HUB_FAMILIES["MoonshineBackbone"].small, **sizes})
    for variable in moonshine.trainable_variables:
        # Near zero a model repeats the token before.
        variable.assign(keras.random.normal(variable.shape, stddev=0.4, seed=len(variable.path)))
    task = ScoredSpeech(moonshine, tokenizer, 12)
    samples = 2400
    serving: Any = SimpleNamespace(body=moonshine, speech=SimpleNamespace(clip=SimpleNamespace(samples=samples)))
    sound = np.random.default_rng(0).normal(0, 0.1, (1, 1800)).astype(np.float32)
    tokens = {"token_ids": np.array([[1, 5, 6]], np.int32), "padding_mask": np.array([[1, 1, 0]], np.int32)}
    rows = make_rows(serving, [({"sound": sound, **tokens}, {})])
    assert rows[0][0]["encoder_padding_mask"].sum() == 1800
    config: Any = SimpleNamespace(backbone=SimpleNamespace())
    scores = [np.asarray(task(rows[0][0]))]
    written = export.Written(NOTHING, config, {}, task, NOTHING, rows, scores, "test")
    made = export._write_preset(written, tmp_path)
    largest, allowed = export._refuse_others(written, made.scores, "the export")
    assert largest <= allowed
    # What the document says of its use is done.
    use, padded = made.use.replace('"preset"', repr(str(tmp_path / "preset"))), np.zeros((1, samples), np.float32)
    padded[:, :1800] = sound
    names: dict[str, Any] = {"samples": padded}
    exec(use, names)
    model = names["model"]
    (text,) = model.generate({"audio": padded, "text": [""]}, max_length=12)
    assert text and capsys.readouterr().out.strip() == str([text])
    # With one start before it, and nothing heard of the silence.
    model.preprocessor, row = None, np.zeros((1, 12), np.int32)
    row[0, 0] = tokenizer.start_token_id
    heard = {name: rows[0][0][name] for name in rows[0][0] if name.startswith("encoder")}
    given = {**heard, "decoder_token_ids": row, "decoder_padding_mask": np.arange(12)[None] < 1}
    (ids,) = model.generate(given, stop_token_ids=[tokenizer.end_token_id])["decoder_token_ids"]
    ended = [*np.flatnonzero(ids == tokenizer.end_token_id), 12][0]
    special = (0, 1, 2)
    assert str(text) == tokenizer.detokenize([int(each) for each in ids[:ended] if each not in special])
