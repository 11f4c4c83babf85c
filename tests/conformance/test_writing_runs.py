"""A run of every family that writes texts, or finds hidden words, in tiny random models.

Each is frozen, stored, interrupted, and on two replicas.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.data.embedded import spoken
from tests.support import hub_classes
from tests.support.dialogue_files import make_messages, write_lines
from tests.support.processes import CommandServer
from tests.support.same_runs import assert_equal
from tests.support.speech_files import write_sounds
from tests.support.tiny_run import results

_FAMILIES = [name for name, family in HUB_FAMILIES.items() if family.writes or family.masks]
_EXAMPLES = 30
_SPLITS = {"train": 0.6, "validation": 0.2, "test": 0.2}
# A process of its own, which has two devices from its first command on.
_SERVER = CommandServer()


def _chat(folder: Path) -> dict[str, Any]:
    """The task and the data of a model that goes on with texts."""
    rows = [
        {"messages": make_messages(f"add {row % 7} and {row % 5}" + " please" * (row % 4), f"{row % 7 + row % 5}")}
        for row in range(_EXAMPLES)
    ]
    path = str(write_lines(folder / "chats.jsonl", rows))
    return {
        "task": {"kind": "causal_lm"},
        "data": {"kind": "table", "path": path, "input": "messages", "splits": _SPLITS},
    }


def _shorten(folder: Path) -> dict[str, Any]:
    """The task and the data of a model that writes a text for another."""
    rows = [
        {"text": f"{row % 7} and {row % 5}" + " please" * (row % 4), "summary": f"{row % 7} {row % 5}"}
        for row in range(_EXAMPLES)
    ]
    path = str(write_lines(folder / "texts.jsonl", rows))
    return {
        "task": {"kind": "summarization", "generate": {"max_new_tokens": 4}},
        "data": {"kind": "table", "path": path, "input": "text", "label": "summary", "splits": _SPLITS},
    }


def _speak(folder: Path) -> dict[str, Any]:
    """The task and the data of a model that writes down sounds."""
    names = [f"{row}.wav" for row in range(_EXAMPLES)]
    write_sounds(folder / "said", names)
    lines = [json.dumps({"file_name": name, "text": spoken.answer(row)}) for row, name in enumerate(names)]
    (folder / "said" / "metadata.jsonl").write_text("\n".join(lines))
    return {
        "task": {"kind": "speech_recognition"},
        "data": {"kind": "folder", "path": str(folder / "said"), "splits": _SPLITS, "seconds": 0.8},
    }


def _hide(folder: Path) -> dict[str, Any]:
    """The task and the data of a model that finds hidden words."""
    texts = [f"add {row % 7} and {row % 5}" + " please" * (row % 4) + f" {row}" for row in range(_EXAMPLES)]
    (folder / "texts.csv").write_text("\n".join(["text", *texts]))
    return {
        "task": {"kind": "masked_lm"},
        "data": {"kind": "table", "path": str(folder / "texts.csv"), "input": "text", "splits": _SPLITS},
    }


def _document(name: str, folder: Path) -> dict[str, Any]:
    family = HUB_FAMILIES[name]
    learn = _hide if family.masks else {"decoder": _chat, "pair": _shorten, "speech": _speak}[family.writes]
    # Words that are hidden anew in every epoch could not be stored.
    shared = {"augment": {"views": 1}, "epochs": 2} if family.masks else {}
    return {
        "name": "family",
        "seed": 3,
        **learn(folder),
        "backbone": {"kind": "keras_hub", "class": name},
        "defaults": {"batch_size": 8, "optimizer": "adamw", "clip_norm": 0.5, "epochs": 1},
        "phases": [
            {"name": "top", "unfreeze": {"last": 1}, "learning_rate": 0.003, **shared},
            {"name": "adapt", "unfreeze": {"last": 2}, "learning_rate": 0.003, "lora": {"rank": 2}, **shared},
        ],
        "output": {"checkpoint": {"every": {"steps": 1}}},
    }


def _prove(run: Path, number: int) -> tuple[dict[str, Any], set[str]]:
    """The proof of a phase, and the variables that it trains."""
    plan = json.loads((run / "plan.json").read_text())["phases"][number]
    result = json.loads((run / "phases" / f"{number:02}-{plan['name']}" / "result.json").read_text())
    return result["frozen"], set(plan["trained_variables"])


@pytest.mark.slow
@pytest.mark.parametrize("name", hub_classes.each(_FAMILIES, ()))
def test_what_is_promised_holds_for_every_family(name: str, tmp_path: Path) -> None:
    (tmp_path / "chats.json").write_text(json.dumps(_document(name, tmp_path)))
    command = ("run", "chats.json", "--run-dir")
    done = _SERVER.run(
        tmp_path,
        [
            (*command, "two", "--set", "runtime.replicas=2"),
            (*command, "base"),
            (*command, "off", "--set", "runtime.cache=off"),
            ("stopped", *command, "stopped"),
            (*command, "stopped"),
        ],
    )
    assert [each.code for each in done] == [0, 0, 0, 75, 0], "\n".join(each.err[-800:] for each in done)
    base = tmp_path / "base"
    plan = json.loads((base / "plan.json").read_text())
    assert [phase["store"]["decision"] for phase in plan["phases"]] == ["store", "store"]
    assert "stored features" in done[1].err and "stored features" not in done[2].err

    first, second = _prove(base, 0), _prove(base, 1)
    every = first[1] | set(first[0]["before"])
    for proof, trained in (first, second):
        # Changed is what was selected: all else has the bits it had before.
        assert set(proof["before"]) == every - trained
        assert (proof["after"], proof["changed"]) == (proof["before"], [])
        assert trained
    assert results(tmp_path / "off") == results(base)
    assert results(tmp_path / "stopped") == results(base)
    assert_equal(base, tmp_path / "two", of_weights=1e-4)
