"""The head of a card is YAML that the Hub's own library reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kerastune_ft.cards.build import build_card
from kerastune_ft.cards.metadata import describe_metadata, write_head
from tests.support import run_files

DOCUMENT: dict[str, Any] = {
    "name": "x: ray",
    "task": "text_regression",
    "format": "keras",
    "licence": {"id": None},
    "backbone": {"preset": "hf://google/bert_tiny"},
    "data": {"name": "Köln: cases.csv"},
    "metrics": {"test": {"mae": {"value": 1.5, "interval": (1.0, 2.0)}, "loss": {"value": 0.5, "interval": None}}},
}


def test_names_are_those_of_the_hub_and_texts_are_quoted() -> None:
    found = yaml.safe_load(write_head(describe_metadata(DOCUMENT)).removeprefix("---\n").removesuffix("---\n"))
    assert "pipeline_tag" not in found
    assert (found["license"], found["library_name"], found["base_model"]) == ("unknown", "keras", "google/bert_tiny")
    (model,) = found["model-index"]
    assert model["name"] == "x: ray"
    (result,) = model["results"]
    assert result["dataset"] == {"name": "Köln: cases.csv", "type": "k-ln-cases.csv", "split": "test"}
    assert result["metrics"][0] == {
        "type": "mae", "name": "mae", "value": 1.5, "args": {"confidence_interval_95": [1.0, 2.0]},
    }  # fmt: skip
    assert "args" not in result["metrics"][1]


@pytest.mark.parametrize(
    ("task", "pipeline"),
    [
        ("causal_lm", "text-generation"),
        ("summarization", "summarization"),
        ("speech_recognition", "automatic-speech-recognition"),
    ],
)
def test_tasks_that_write_texts_have_the_words_of_the_hub(task: str, pipeline: str) -> None:
    rates = {name: {"value": 0.25, "interval": None} for name in ("word_error_rate", "character_error_rate")}
    found = describe_metadata(DOCUMENT | {"task": task, "metrics": {"test": rates}})
    assert (found["pipeline_tag"], found["metrics"]) == (pipeline, ["cer", "wer"])
    (result,) = found["model-index"][0]["results"]
    assert result["task"] == {"type": pipeline}
    assert [metric["type"] for metric in result["metrics"]] == ["wer", "cer"]


def test_a_model_that_was_not_measured_has_no_figures() -> None:
    assert "model-index" not in describe_metadata(DOCUMENT | {"metrics": {}})


def test_the_library_of_the_hub_reads_it(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(build_card(run_files.write_run(tmp_path / "run")).markdown)
    data = card.data
    assert (data.pipeline_tag, data.model_name, data.license) == ("image-classification", "xray", "unknown")
    figures = {result.metric_name: result.metric_value for result in data.eval_results}
    assert figures["accuracy"] == pytest.approx(0.9032)
    assert hub.ModelCardData(**data.to_dict()).to_dict()["tags"] == data.tags
