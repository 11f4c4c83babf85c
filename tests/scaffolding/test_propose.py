"""Proposals of a configuration, without writing one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.propose import Proposal, Wishes, name_of, path_from, propose

ROWS = "".join(f"a sentence with number {number},{'yes' if number % 2 else 'no'}\n" for number in range(30))


def give(place: Path, wishes: Wishes | None = None) -> Proposal:
    return propose(place, lambda path: path_from(path, Path()), (), wishes or Wishes())


@pytest.fixture
def table(here: Path) -> Path:
    (here / "texts.csv").write_text(f"text,label\n{ROWS}", encoding="utf-8")
    return Path("texts.csv")


def test_a_proposal_can_be_read_and_nothing_is_written(table: Path, here: Path) -> None:
    found = give(table)
    assert read(found.document).data.input == "text"
    assert (found.task, found.examples, found.counts) == ("text_classification", 30, {"no": 15, "yes": 15})
    assert [entry.name for entry in here.iterdir()] == ["texts.csv"]


def test_wishes_replace_what_would_be_chosen(table: Path) -> None:
    phases = give(table, Wishes("DistilBertBackbone", epochs=2)).document["phases"]
    found = give(table, Wishes("DistilBertBackbone", epochs=2)).document
    assert found["backbone"]["class"] == "DistilBertBackbone"
    assert {phase.epochs for phase in read(found).phases} == {2}, phases


def test_a_model_that_does_not_fit_the_data_is_refused(table: Path) -> None:
    with pytest.raises(ConfigError, match="backbone"):
        give(table, Wishes("MobileNetV2"))


def test_several_inputs_are_left_to_a_configuration(table: Path) -> None:
    with pytest.raises(ConfigError, match=r"several inputs of an example \(text, numbers\) are written in a config"):
        give(table, Wishes(input={"text": "text", "numbers": ["n"]}))  # type: ignore[arg-type]


@pytest.mark.parametrize(("file", "name"), [("cases.csv.gz", "cases"), ("a b.tar.gz", "a-b"), ("x.npz", "x")])
def test_a_run_is_named_after_its_data(file: str, name: str) -> None:
    assert name_of(Path(file)) == name
