from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft import keras_settings
from kerastune_ft.errors import ConfigError


class KerasConfig:
    """`keras.config` with the settings given."""

    def __init__(self, backend: str = "tensorflow", policy: str = "float32", **settings: Any) -> None:
        self.settings = {"floatx": "float32", "image_data_format": "channels_last", "epsilon": 1e-7, **settings}
        self.settings["dtype_policy"] = policy
        self.backend = lambda: backend

    def dtype_policy(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(name=self.settings["dtype_policy"])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("set_"):
            return lambda value: self.settings.update({name.removeprefix("set_"): value})
        return lambda: self.settings[name]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of keras.json, in a process of somebody else that has not imported Keras."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras_settings, "is_own_process", lambda: False)
    return tmp_path


@pytest.fixture
def own(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in a process of a command."""
    monkeypatch.setattr(keras_settings, "is_own_process", lambda: True)
    # So that what is set is taken back.
    monkeypatch.setenv("KERAS_BACKEND", "")
    return home


def write(home: Path, **settings: Any) -> None:
    (home / "keras.json").write_text(json.dumps(settings))


def test_a_command_passes_over_what_others_set_and_says_so(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(own, backend="jax", floatx="float16", epsilon=0.001, image_data_format="channels_first")
    note = keras_settings.prepare()
    assert note is not None
    assert f"{own}/keras.json (backend jax, floatx float16, image_data_format channels_first, epsilon 0.001)" in note
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    write(own)
    assert "KERAS_BACKEND (backend torch)" in str(keras_settings.prepare())
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert keras_settings.prepare() is None


def test_a_command_sets_right_what_keras_was_imported_with(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = KerasConfig(floatx="float16", epsilon=1e-3, image_data_format="channels_first", policy="float16")
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=config))
    keras_settings.check()
    assert config.settings == KerasConfig().settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "torch"}, r"needs Keras on TensorFlow, and .*keras\.json says backend torch; set os\.environ"),
        (
            {"floatx": "float16"},
            r"says floatx float16, and figures would depend .*keras\.config\.set_floatx\('float32'\)",
        ),
        ({"image_data_format": "channels_first"}, r"set_image_data_format\('channels_last'\)"),
        ({"epsilon": 0.1}, r"set_epsilon\(1e-07\)"),
    ],
    ids=str,
)
def test_in_python_settings_of_the_caller_are_refused_by_name(
    home: Path, settings: dict[str, Any], message: str
) -> None:
    write(home, **settings)
    with pytest.raises(ConfigError, match=message):
        keras_settings.refuse_foreign()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (KerasConfig(backend="jax"), "in this process it was imported with jax; start a new one"),
        (KerasConfig(floatx="float64"), r"floatx float64 in this process.*set_floatx\('float32'\)"),
        (KerasConfig(policy="mixed_float16"), r"set_dtype_policy\('float32'\)"),
        (KerasConfig(epsilon=1e-3, image_data_format="channels_first"), "channels_first, epsilon 0.001"),
    ],
    ids=lambda value: "" if isinstance(value, KerasConfig) else value,
)
def test_in_python_an_imported_keras_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, config: KerasConfig, message: str
) -> None:
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=config))
    before = dict(config.settings)
    with pytest.raises(ConfigError, match=message):
        keras_settings.refuse_foreign()
    assert config.settings == before


def test_the_defaults_of_keras_are_those_needed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keras_settings.prepare() is None
    write(home, floatx="float32", epsilon=1e-07, backend="tensorflow", image_data_format="channels_last")
    assert keras_settings.prepare() is None
    (home / "keras.json").write_text("{damaged, and Keras passes over it")
    assert keras_settings.prepare() is None
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(config=KerasConfig()))
    keras_settings.check()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"floatx": "int8"}',
            r"keras\.json says floatx 'int8', and there are float16, float32, float64; mend or remove",
        ),
        ('{"image_data_format": "last"}', "there are channels_last, channels_first"),
        ('{"epsilon": 1}', "says epsilon 1, which is no decimal number"),
        ("[]", "is no JSON object"),
    ],
)
def test_a_file_that_keras_cannot_be_imported_with_is_named(own: Path, text: str, message: str) -> None:
    (own / "keras.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        keras_settings.prepare()


def test_a_file_that_cannot_be_read_is_named(own: Path) -> None:
    (own / "keras.json").mkdir()
    with pytest.raises(ConfigError, match=r"cannot read its settings in .*keras\.json \(Is a directory\)"):
        keras_settings.prepare()
