"""What is said where a run is evaluated on data it may have been trained on."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from tests.support.trained_runs import COUNT, encode_image, pixels, write


def read_warnings(run: Path, data: Path) -> list[str]:
    """Return the lines on standard error about examples that were trained on."""
    result = CliRunner().invoke(main, ["evaluate", str(run), "--data", str(data), "--json"])
    assert result.exit_code == 0
    return [line for line in result.stderr.splitlines() if "was trained on" in line]


def test_examples_the_run_was_trained_on_are_counted(classes_run: Path, workplace: Path) -> None:
    with (classes_run / "splits.csv").open(newline="") as file:
        trained = sum(row["split"] == "train" for row in csv.DictReader(file))
    data = workplace / "images"
    assert read_warnings(classes_run, data) == [
        f"{trained} of {COUNT} examples of {data} are, by content, among the examples that the run was trained on, so "
        "the metrics flatter the model"
    ]


def test_examples_of_other_content_bring_no_warning(classes_run: Path, workplace: Path, tmp_path: Path) -> None:
    for path in (workplace / "images").glob("*/*.png"):
        # The name of an example of the run says nothing.
        write(tmp_path / "more" / path.parent.name / path.name, encode_image(pixels(100 + int(path.stem))))
    assert read_warnings(classes_run, tmp_path / "more") == []


@pytest.mark.parametrize("word", ["folder", "archive", "table", ".npz"])
def test_the_help_says_what_data_may_be(word: str) -> None:
    lines = " ".join(CliRunner().invoke(main, ["evaluate", "--help"]).stdout.split())
    assert word in lines.partition("--data")[2]
