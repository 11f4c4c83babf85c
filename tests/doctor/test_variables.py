from __future__ import annotations

import pytest

from kerastune_ft.doctor import variables
from kerastune_ft.doctor.finding import BROKEN
from kerastune_ft.errors import ConfigError


def test_what_matters_is_shown_without_secrets() -> None:
    shown = variables.find_variables(
        {
            "KERAS_BACKEND": "jax", "TF_CONFIG": "{}", "HF_TOKEN": "abc", "KAGGLE_KEY": "abc", "EDITOR": "ed",
            "https_proxy": "http://ann:a@c@proxy:3128", "HTTP_PROXY": "ann:abc@proxy:3128", "KAGGLE_USERNAME": "ann",
            "TF_CLI_CONFIG_FILE": "x", "TF_VAR_password": "abc",
        }
    )  # fmt: skip
    assert shown == {
        "HF_TOKEN": "(set)", "HTTP_PROXY": "***@proxy:3128", "KAGGLE_KEY": "(set)", "KAGGLE_USERNAME": "(set)",
        "KERAS_BACKEND": "jax", "TF_CONFIG": "{}",
        "https_proxy": "http://***@proxy:3128",
    }  # fmt: skip


def test_what_a_variable_means_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerastune_ft.keras_settings.prepare", lambda: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    texts = [finding.text for finding in variables.examine_variables().findings]
    assert "CUDA_VISIBLE_DEVICES=0 (TensorFlow sees these GPUs only)" in texts


def test_settings_with_which_keras_cannot_be_imported_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ConfigError("Keras cannot be imported: keras.json says floatx 'int8'")

    monkeypatch.setattr("kerastune_ft.keras_settings.prepare", refuse)
    last = variables.examine_variables().findings[-1]
    assert last.level == BROKEN and "int8" in last.text
