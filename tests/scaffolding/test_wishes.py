"""What a user wants, laid over what the data suggest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerastune_ft.config.presets import PRESETS
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.wishes import (
    lay_over,
    read_schedule,
    refuse_texts_as_classes,
    replace_keys,
    with_schedule,
    with_wishes,
)


def test_a_reason_goes_with_the_value_it_was_for() -> None:
    proposed = {"defaults": {"// monitor": "because", "monitor": "a", "early_stopping": {"patience": 3}}, "seed": 1}
    wanted = {"defaults": {"monitor": "b", "early_stopping": {"min_delta": 0.1}}, "seed": 2, "head": {"dropout": 0.1}}
    assert lay_over(proposed, wanted) == wanted


def test_other_keys_of_a_section_stay() -> None:
    assert replace_keys({"// a": "why", "a": 1, "// b": "so", "b": 2}, {"b": 3}) == {"// a": "why", "a": 1, "b": 3}


def find() -> DataFindings:
    task = {"kind": "text_classification", "// positive": "a word", "positive": "1"}
    return DataFindings(task, {"kind": "table", "path": "t.csv"}, 10, 7, {"0": 5, "1": 5})


def test_numbers_that_look_like_classes_can_be_amounts() -> None:
    found = with_wishes(find(), {"kind": "text_regression"}, {"group": "user"})
    assert (found.task, found.counts, found.data["group"]) == ({"kind": "text_regression"}, {}, "user")


@pytest.mark.parametrize("kind", ["causal_lm", "summarization"])
def test_labels_can_be_answers_that_are_to_be_written(kind: str) -> None:
    shares = {"train": 0.7, "validation": 0.15, "test": 0.15}
    data = {"kind": "table", "path": "t.csv", "input": "text", "label": "label"}
    given = find()
    given.asks.append("is it the label?")
    given.data = {**data, "// splits": "with the same share of every class", "splits": shares | {"stratify": False}}
    found = with_wishes(given, {"kind": kind}, {})
    assert (found.task, found.counts, found.asks) == ({"kind": kind}, {}, [])
    assert {key: value for key, value in found.data.items() if "//" not in key} == {**data, "splits": shares}
    assert "class" not in found.data["// splits"]
    given.data = {**data, "splits": {"column": "split"}}
    assert with_wishes(given, {"kind": kind}, {}).data["splits"] == {"column": "split"}


@pytest.mark.parametrize(("task", "data"), [({"kind": "image_classification"}, {}), ({}, {"kind": "folder"})])
def test_another_task_or_kind_than_the_data_have_is_refused(task: dict[str, Any], data: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"the data look like text_classification \(data.kind table\)"):
        with_wishes(find(), task, data)


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (None, {"preset": "head", "epochs": 2}),
        ("gradual", {"preset": "gradual", "epochs": 2}),
        ({"preset": "gradual"}, {"preset": "gradual", "epochs": 2}),
        ([{"name": "a"}, {"name": "b"}], [{"name": "a", "epochs": 2}, {"name": "b", "epochs": 2}]),
    ],
)
def test_epochs_are_those_of_every_phase(phases: Any, expected: Any) -> None:
    assert with_schedule({"phases": {"preset": "head", "epochs": 4}}, phases, 2)["phases"] == expected


def test_without_epochs_the_schedule_stays() -> None:
    assert with_schedule({"phases": "head"}, None, None) == {"phases": "head"}


@pytest.mark.parametrize("epochs", [0, -1, True, 2.5, "3"])
def test_what_is_no_number_of_epochs_is_refused(epochs: Any) -> None:
    with pytest.raises(ConfigError, match="is no number of epochs"):
        with_schedule({"phases": "head"}, None, epochs)


@pytest.mark.parametrize("phases", [{"preset": "head", "epochs": 4}, [{"name": "a", "steps": 4}]])
def test_two_numbers_of_epochs_are_refused(phases: Any) -> None:
    with pytest.raises(ConfigError, match="already; give one of the two"):
        with_schedule({"phases": "head"}, phases, 3)


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if not preset.required])
def test_every_preset_is_a_schedule_by_name(name: str) -> None:
    assert read_schedule(name) == name


def test_a_schedule_may_have_options() -> None:
    written = {"preset": "unfreeze_at", "epochs": 20, "at": {"5": {"last": 2}, "12": "all"}}
    assert read_schedule(json.dumps(written)) == read_schedule(written) == written
    assert read_schedule(None) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("head_then_tpo", 'did you mean "head_then_top"'),
        ("unfreeze_at", "unfreeze_at needs epochs and at; write"),
        ('{"preset": "lora"', "give a name, or a JSON object"),
        ('{"preset": "linear_probe_then_finetune", "l2": 0}', "0 does not fit; give a number above 0"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="--schedule: ") as caught:
        read_schedule(text)
    assert message in str(caught.value)


def test_classes_that_are_sentences_are_refused_in_three_lines_with_what_to_give() -> None:
    sentences = {f"the answer {row} is that something": 1 for row in range(60)}
    with pytest.raises(ConfigError, match=r'look like texts \("the answer 0(.|\n)*task="causal_lm"') as caught:
        refuse_texts_as_classes({"kind": "text_classification"}, sentences)
    assert 'task="summarization"' in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3
    refuse_texts_as_classes({"kind": "image_classification"}, sentences)
    refuse_texts_as_classes({"kind": "text_classification"}, {"card did not arrive yet": 30, "top up by bank card": 30})
    refuse_texts_as_classes({"kind": "text_classification"}, {f"class {row}": 1 for row in range(60)})
