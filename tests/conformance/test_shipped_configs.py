"""Every configuration in configs/, end to end, with fewer epochs and smaller images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.places import CONFIGS
from tests.support.processes import run_program

# Those whose files everyone has to bring; their twins in configs/smoke are run.
OWN_FILES = ("conversation", "defects", "driving", "summaries", "tissue", "transcripts")
SLOW = [pytest.mark.slow]
NETWORK = [pytest.mark.slow, pytest.mark.network]
MARKS = {
    "medical_malaria": NETWORK,
    "sentences_similarity": NETWORK,
    "sentiment": NETWORK,
    "voice_commands": NETWORK,
}
NAMES = sorted(path.stem for path in CONFIGS.glob("*.json") if path.stem not in ("schema", *OWN_FILES))


def _small(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    sizes = ["backbone.image_size=32"] if document["backbone"]["kind"] == "applications" else []
    return [*sizes, *(f"phases.{phase['name']}.epochs=1" for phase in document["phases"])]


@pytest.mark.parametrize("name", [pytest.param(name, marks=MARKS.get(name, SLOW)) for name in NAMES])
def test_it_trains_and_is_evaluated(tmp_path: Path, name: str) -> None:
    words = [word for setting in _small(CONFIGS / f"{name}.json") for word in ("--set", setting)]
    done = run_program(tmp_path, "run", str(CONFIGS / f"{name}.json"), *words, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["state"] == "done"
    assert document["run"] == f"runs/{name}-1"
    classes = json.loads((tmp_path / "runs" / f"{name}-1" / "model" / "labels.json").read_text())
    assert document["metrics"]["test"]["accuracy"] > 1.2 / len(classes), "it learned something"


@pytest.mark.slow
def test_conversation_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/conversation", "--json")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["metrics"]["test"]
    assert metrics["perplexity"] < 1.4, "of the letters of the prices alone"
    assert metrics["token_accuracy"] > 0.9


@pytest.mark.slow
def test_sentiment_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/sentiment", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["accuracy"] > 0.6, "a constant answer has 0.5"


@pytest.mark.slow
def test_adaptation_and_adapted_are_twins_that_learn_offline(tmp_path: Path) -> None:
    first = run_program(tmp_path, "run", "smoke/adaptation", "--run-dir", "runs/smoke_adaptation", "--json")
    assert first.code == 0, first.err
    assert json.loads(first.out)["metrics"]["test"]["perplexity"] < 25, "of bytes that are guessed it is 256"
    second = run_program(tmp_path, "run", "smoke/adapted", "--json")
    assert second.code == 0, second.err
    assert json.loads(second.out)["metrics"]["test"]["accuracy"] > 0.6, "a constant answer has 0.5"


@pytest.mark.slow
def test_summaries_have_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/summaries", "--json")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["metrics"]["test"]
    assert metrics["perplexity"] < 16, "of bytes that are guessed it is 256"


@pytest.mark.slow
def test_defects_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/defects", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["mean_average_precision_50"] > 0.3


@pytest.mark.slow
def test_driving_has_a_twin_that_learns_from_picture_and_state(tmp_path: Path) -> None:
    assert run_program(tmp_path, "datasets", "robot", "--output", "robot").code == 0
    done = run_program(tmp_path, "run", "smoke/driving", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["rmse"] < 0.3, "the state alone has 0.36"


@pytest.mark.slow
def test_tissue_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/tissue", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["mean_iou"] > 0.3, "a constant answer has 0.18"


@pytest.mark.slow
def test_voice_commands_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/voice_commands", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["accuracy"] > 0.8


@pytest.mark.slow
def test_transcripts_has_a_twin_that_learns_offline(tmp_path: Path) -> None:
    done = run_program(tmp_path, "run", "smoke/transcripts", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["test"]["token_accuracy"] > 0.6, "letters alone are right by a third"
