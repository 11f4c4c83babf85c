"""The screens of errors are user interface: whole texts are compared with golden files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import list_decisions, read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL, messages, problems_of, with_change

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_golden_screens(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    monkeypatch.delenv("NOT_DEFINED", raising=False)
    arguments = GOLDEN / f"{case}.set"
    overrides = arguments.read_text().splitlines() if arguments.exists() else []
    with pytest.raises(ConfigError) as caught:
        read(f"{case}.json", overrides)
    assert str(caught.value) + "\n" == (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")


def test_four_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    document = with_change("phases.0.epochs", 0)
    document["phases"][1]["learning_rat"] = document["phases"][1].pop("learning_rate")
    document["phases"][1]["unfreeze"] = "bloc6"
    document["task"]["kind"] = "image_clasification"
    path = tmp_path / "medical.json"
    path.write_text(json.dumps(document, indent=1))
    found = [one.to_json() for one in problems_of(path)]
    assert [one["place"] for one in found] == [
        "task.kind",
        "phases[0].epochs",
        "phases[1].unfreeze",
        "phases[1].learning_rat",
    ]
    assert [one["pointer"] for one in found][-1] == "/phases/1/learning_rat"
    lines = path.read_text().splitlines()
    for one in found:
        assert lines[one["line"] - 1][one["column"] - 1] in '"0'
        assert one["file"] == str(path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("phases.0.epochs", "3", '"3" is text; write 3 without quotes'),
        ("phases.0.epochs", 5.0, "5.0 has a decimal point; write 5"),
        ("phases.0.epochs", 5.5, "5.5 is a number; write a whole number"),
        ("phases.0.epochs", True, "true is a truth value; write a whole number"),
        ("phases.0.learning_rate", True, 'true is a truth value; write 0.001, or {"peak": 0.001, "shape": "cosine"}'),
        ("phases.0.learning_rate", 0, "0 is too small; give a number above 0"),
        ("phases.0.learning_rate", float("nan"), "NaN is not finite; give a finite number"),
        ("phases.0.label_smoothing", 1, "1 is too large; give a number below 1"),
        ("phases.0.weight_decay", -0.5, "-0.5 is too small; give at least 0"),
        ("phases.0.name", "two words", '"two words" is not a name; use letters, digits, _ and -'),
        ("phases.0.early_stopping", 4, '4 is a number; write {"patience": 4}'),
        ("seed", 2**32, "4294967296 is too large; give a number below 4294967296"),
        ("seed", None, "null is not allowed here; write a whole number"),
        ("head.hidden", 3, "3 is a number; write a list"),
        ("output.examples", "true", '"true" is text; write true without quotes'),
        ("output.examples", "yes", '"yes" is text; write true or false'),
        (
            "backbone.image_size",
            [32],
            "[32] does not fit; give one number from 1 to 8192 for a square, or [height, width]",
        ),
        ("backbone.weights", "imagnet", '"imagnet" is unknown; did you mean "imagenet"?'),
        ("data.path", "", "the path is empty; write one"),
        ("data.path", 3, "3 is a number; write text in double quotes"),
        ("data", "photos", '"photos" is not an object; write {"kind": "folder", "path": "photos"}'),
        ("phases", [], "[] is empty; give at least one"),
        ("version", 2, "2 is not a choice; write 1"),
        ("output.checkpoint", {"every": "step"}, None),
        ("task.classes", ["a"], '["a"] does not fit; give at least two classes, each name once'),
        ("task.classes", "a", None),
        (
            "task.thresholds",
            "best_f2",
            '"best_f2" does not fit; write a number between 0 and 1, as 0.5, a map by class, as {"nodule": 0.4}, or '
            '"best_f1"',
        ),
        ("phases.0.class_weights", 3, '3 does not fit; write "balanced", or a map by class, as {"nodule": 2}'),
        ("phases.0.class_weights", "balancd", '"balancd" is unknown; did you mean "balanced"?'),
    ],
)
def test_wrong_values(path: str, value: object, message: str | None) -> None:
    place = path.replace(".0.", "[0].") + (".every" if path == "output.checkpoint" else "")
    found = messages(with_change(path, value))
    assert list(found) == [place]
    assert message is None or found[place] == message


@pytest.mark.parametrize("key", ["task", "data", "backbone", "phases"])
def test_required_keys(key: str) -> None:
    document = {name: value for name, value in MINIMAL.items() if name != key}
    assert messages(document)[key].startswith(f'missing; write "{key}": ')


@pytest.mark.parametrize("slot", ["task", "data", "backbone"])
def test_a_kind_is_required(slot: str) -> None:
    found = messages(with_change(slot, {}))
    assert found[f"{slot}.kind"].startswith('missing; write "kind": ')


def test_a_misspelt_kind_hides_nothing_inside_its_object() -> None:
    found = messages(with_change("data", {"kind": "foldr", "pth": "photos", "resize": "cropp"}))
    assert set(found) == {"data.kind", "data.pth", "data.resize"}


WRITES: dict[str, Any] = {
    "task": {"kind": "causal_lm"},
    "data": {"kind": "table", "path": "chats.jsonl", "input": "messages"},
    "backbone": {"kind": "keras_hub", "preset": "gpt2_base_en"},
    "defaults": {"monitor": "validation_perplexity"},
    "phases": "last_then_lora",
}


@pytest.mark.parametrize("kind", ["causal_ml", "nonsense", 3])
def test_of_an_unknown_task_nothing_is_reported_that_follows_from_it(kind: Any) -> None:
    read(WRITES)
    found = messages({**WRITES, "task": {"kind": kind}})
    assert set(found) == {"task.kind"}
    assert (kind != "causal_ml") or 'did you mean "causal_lm"?' in found["task.kind"]


def test_a_misspelt_task_is_checked_as_the_one_that_is_meant() -> None:
    found = messages({**WRITES, "task": {"kind": "causal_ml", "classes": ["a", "b"]}, "head": {"dropout": 0.1}})
    assert set(found) == {"task.kind", "task.classes", "head.dropout"}


def test_a_misspelt_key_is_not_reported_missing_as_well() -> None:
    found = messages(with_change("phases.0", {"nam": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.1}))
    assert found == {"phases[0].nam": 'unknown key; did you mean "name"?'}


@pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, {"a": object()}])
def test_python_values_that_json_lacks(value: dict) -> None:
    with pytest.raises(ConfigError, match="configuration: "):
        read(value)


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("phases.0.class_weights", {"M": -2}, "phases[0].class_weights.M", "-2 is too small; give a number above 0"),
        ("phases.0.class_weights", {"M": "2"}, "phases[0].class_weights.M", '"2" is text; write 2 without quotes'),
        ("task.thresholds", {"M": 2}, "task.thresholds.M", "2 is too large; give a number below 1"),
    ],
)
def test_a_wrong_number_of_a_map_is_one_problem(path: str, value: object, place: str, message: str) -> None:
    document = with_change(path, value)
    document["task"]["multi_label"] = True
    assert messages(document) == {place: message}


def test_decisions_that_a_file_still_asks_for_are_listed_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(
        '{"//": ["a remark", "PLEASE DECIDE: one label or two?"],\n "extends": "medical",\n'
        ' "data": {"// later": "PLEASE DECIDE: which?"},\n "name": "PLEASE DECIDE"}'
    )
    assert list_decisions(file) == [f"{file}:1: PLEASE DECIDE: one label or two?", f"{file}:3: PLEASE DECIDE: which?"]
    assert list_decisions("medical") == []


@pytest.mark.parametrize(("given", "size"), [([40], "1 value"), ([], "0 values")])
def test_a_list_that_is_too_short_says_which_two_numbers_belong_in_it(given: list[int], size: str) -> None:
    message = f"has {size}; it is a list of two numbers, [centre, width]"
    assert messages(with_change("data.window", given)) == {"data.window": message}
