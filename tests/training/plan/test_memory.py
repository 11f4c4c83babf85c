from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.training import engine
from kerastune_ft.training.devices.memory import MemoryLimit
from kerastune_ft.training.plan import memory
from kerastune_ft.training.plan.pieces import CHUNK_STEP
from tests.support.odd_graphs import write_own_model
from tests.support.tiny_dialogues import LLAMA, dialogue_document, write_dialogues


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three layers s, p, e of 3 channels on 4 x 4 pixels; all but s train, on batches of 8."""
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return {**write_own_model(tmp_path, "one layer after itself"), "phases": [{"name": "top", "unfreeze": {"last": 2}}]}


def test_the_estimate_is_what_one_piece_keeps(config: dict[str, Any]) -> None:
    config["phases"][0] |= {"accumulate": 2}
    one, two = (kt.plan(config, [f"phases.top.batch_size={size}"]).document for size in (8, 4))
    found = [document["phases"][0]["estimate"]["memory_bytes"] for document in (one, two)]
    # The cut, p twice and e: 4 feature maps; pooled features, dropout and two outputs: 3 + 3 + 2 numbers.
    activations, features = 4 * (4 * 4 * 4 * 3 + 3 + 3 + 2), 4 * 4 * 4 * 3
    # Half as many examples at a time; an update has half as many as well.
    assert found[0] - found[1] == 4 * activations + 8 * features


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({}, 'give "batch_size": 4 with "accumulate": 2, or "accumulate": "auto": the same result in less memory'),
        ({"accumulate": "auto"}, "its batch is computed in pieces as small as that needs"),
        ({"batch_size": 1}, "give a smaller image_size or sequence_length, unfreeze less, or use lora"),
    ],
)
def test_the_plan_warns_where_memory_would_not_do(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], remedy: str
) -> None:
    config["phases"][0] |= changes
    monkeypatch.setattr(engine, "find_limit", lambda names, **_: MemoryLimit(100_000, "the limit of this test"))
    (note,) = [note for note in kt.plan(config).document["notes"] if "of memory" in note]
    assert note.startswith("phase top: its steps are estimated to take ")
    assert note.endswith(f"of memory, and the limit of this test leaves 100.0 kB; {remedy}")
    monkeypatch.setattr(engine, "find_limit", lambda names, **_: MemoryLimit(10**9, "the limit of this test"))
    assert not [note for note in kt.plan(config).document["notes"] if "of memory" in note]


def _estimate(folder: Path, unfreeze: Any, tied: bool, vocabulary: int) -> int:
    """Return the bytes that the only phase of a language model is estimated to take."""
    options = {**LLAMA, "vocabulary_size": vocabulary, "tie_word_embeddings": tied}
    phases = [{"name": "only", "unfreeze": unfreeze, "epochs": 1, "learning_rate": 0.01}]
    document = dialogue_document(folder / "dialogues.csv", "Llama3Backbone", options, phases)
    (phase,) = kt.plan(document).document["phases"]
    return int(phase["estimate"]["memory_bytes"])


@pytest.mark.parametrize(
    ("unfreeze", "tied", "copies", "matrices"),
    [({"last": 1}, True, 0, 0), ("all", True, 4, 2), ("none", False, 4, 1)],
    ids=["frozen", "tied", "head"],
)
def test_a_large_vocabulary_takes_scores_of_a_chunk_and_gradients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unfreeze: Any, tied: bool, copies: int, matrices: int
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    write_dialogues(tmp_path / "dialogues.csv", 12)
    small, large = (_estimate(tmp_path, unfreeze, tied, 256 + more) for more in (0, 1000))
    # 1,000 tokens more of a matrix of width 8: in the model, which is there twice, in what trains, and in the loss.
    of_model = 2 * (1 if tied else 2)
    assert large - small == 4 * 1000 * (8 * (of_model + copies + matrices) + 4 * 128)


@pytest.mark.slow
def test_the_warning_is_said_by_a_run_and_not_kept(
    config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "find_limit", lambda names, **_: MemoryLimit(100_000, "the limit of this test"))
    kt.run(config, run_dir="run")
    assert "the limit of this test leaves 100.0 kB" in capsys.readouterr().err
    assert "the limit of this test" not in json.dumps(json.loads(Path("run/plan.json").read_text()))


def test_room_is_left_for_what_no_graph_tells() -> None:
    assert memory.fits(10**12, None)
    assert memory.fits(0, MemoryLimit(300_000_000, ""))
    assert not memory.fits(1, MemoryLimit(300_000_000, ""))


def test_the_frozen_part_runs_out_with_a_remedy() -> None:
    where, remedy = memory.explain_features(32, replicas=2)
    assert "32 examples at a time" in where
    assert remedy.startswith(f'"batch_size": {2 * CHUNK_STEP} in all phases, with "accumulate" larger by as much')
    assert "image_size" in memory.explain_features(CHUNK_STEP, replicas=1)[1]
