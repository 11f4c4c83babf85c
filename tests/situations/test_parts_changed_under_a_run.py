"""A tokenizer, or the packages, that change between two calls of a run's command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras_hub
import pytest

import kerastune_ft as kt
from kerastune_ft.errors import ConfigError
from tests.support.changing_data import WORDS, write_texts


def write_preset(folder: Path) -> None:
    """Write a tiny BERT whose words are those of the texts."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    body = keras_hub.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=64,
    )
    body.save_to_preset(str(folder))
    keras_hub.tokenizers.BertTokenizer(vocabulary=vocabulary, lowercase=True).save_to_preset(str(folder))


def configuration(folder: Path) -> dict[str, Any]:
    phase = {"epochs": 1, "learning_rate": 0.01, "batch_size": 16}
    return {
        "name": "parts",
        "task": {"kind": "text_classification"},
        "data": {
            "kind": "table",
            "path": str(folder / "texts.csv"),
            "input": "text",
            "label": "label",
            "sequence_length": 16,
        },
        "backbone": {"kind": "keras_hub", "preset": str(folder / "preset")},
        "phases": [{"name": "head", "unfreeze": "none", **phase}, {"name": "top", "unfreeze": {"last": 1}, **phase}],
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / "runs")},
    }


# That a run is refused with another tokenizer is in tests/training/test_comparison.py and test_parts.py.
@pytest.mark.slow
def test_a_run_goes_on_with_its_tokenizer_alone_and_keeps_all_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_texts(tmp_path / "texts.csv")
    write_preset(tmp_path / "preset")
    run = kt.run(configuration(tmp_path), until_phase="head")
    about = run.manifest
    assert about["state"] == "interrupted"
    assert "keras-hub" in about["versions"]

    options = tmp_path / "preset" / "tokenizer.json"
    written = options.read_text()
    assert '"lowercase": true' in written
    options.write_text(written.replace('"lowercase": true', '"lowercase": false'))
    with pytest.raises(ConfigError, match=r"the tokenizer changed since .*parts-1 began \(SHA-256 "):
        kt.run(configuration(tmp_path))
    # What was refused before it began is what it was.
    assert (run.manifest["state"], run.manifest["message"]) == (about["state"], about["message"])

    options.write_text(written)
    older = {**about["versions"], "keras": "3.11.0"}
    (run.path / "manifest.json").write_text(json.dumps({**about, "versions": older}))
    capsys.readouterr()
    run = kt.run(configuration(tmp_path))
    changed = f"changed since the run began: keras 3.11.0 -> {about['versions']['keras']}"
    assert changed in capsys.readouterr().err
    assert run.manifest["versions"] == older
    assert [start["versions"] for start in run.manifest["later_versions"]] == [about["versions"]]
    assert f"3.11.0 -&gt; {about['versions']['keras']}" in run.report().read_text()
    run.evaluate()
    assert changed in capsys.readouterr().err
    verified = kt.verify(run.path)
    assert all(check.result in ("holds", "nothing") for check in verified.checks), str(verified)

    (run.path / "manifest.json").write_text(
        json.dumps({**run.manifest, "parts": {**run.manifest["parts"], "vocabulary": "0" * 64}})
    )
    assert "SHA-256 of the vocabulary" in str(kt.verify(run.path))
