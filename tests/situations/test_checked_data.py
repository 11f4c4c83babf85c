"""Data that is checked before it is trained on: what is planted in it is found, and left out where that is asked."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import kerastune_ft as kt
from kerastune_ft.api.check import DataCheck
from kerastune_ft.cli.commands import main
from tests.support import faulty_pictures
from tests.support.faulty_pictures import CONFLICT, EXACT, MIRRORED, WHITE, WRONG


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return faulty_pictures.document(tmp_path_factory.mktemp("faulty"))


@pytest.fixture(scope="module")
def found(made: dict[str, Any]) -> DataCheck:
    return kt.check(made)


def _rows(found: DataCheck, kind: str) -> list[set[str]]:
    rows = found.findings.get(kind, {"rows": []})["rows"]
    return [{example["input"] for example in row["examples"]} for row in rows]


def test_what_was_planted_is_found(found: DataCheck) -> None:
    assert sorted(map(sorted, _rows(found, "exact_copies"))) == [["x[10]", "x[90]"], ["x[12]", "x[92]"]]
    assert _rows(found, "near_copies") == [{"x[11]", f"x[{MIRRORED}]"}]
    assert _rows(found, "conflicts") == [{"x[12]", f"x[{CONFLICT}]"}]
    assert _rows(found, "constant") == [{f"x[{WHITE}]"}]
    named = set().union(*_rows(found, "label_errors"))
    assert len(named & {f"x[{each}]" for each in WRONG}) >= 3
    assert len(named) <= 7
    assert found.faults == ["exact_copies", "near_copies", "conflicts", "label_errors", "constant"]


def test_the_list_is_taken_and_nothing_of_test_is_in_it_for_train(found: DataCheck, made: dict[str, Any]) -> None:
    with open(found.exclude, encoding="utf-8") as file:
        rows = {row["input"]: row["reason"] for row in csv.DictReader(file)}
    assert len(rows) == found.document["exclude"]["examples"]
    made = {**made, "data": {**made["data"], "exclude": str(found.exclude)}}
    data = kt.plan(made).document["data"]
    assert sum(data["excluded"].values()) == len(rows)
    splits = {
        example["input"]: example["split"]
        for finding in found.document["findings"]
        for row in finding["rows"]
        for example in row["examples"]
    }
    copies = {splits["x[10]"], splits[f"x[{EXACT}]"]}
    left = [splits[key] for key in ("x[10]", f"x[{EXACT}]") if key not in rows]
    assert left == [next(split for split in ("test", "validation", "train") if split in copies)]
    assert all(splits[key] == "train" for key, reason in rows.items() if reason.startswith("likely "))


def test_the_page_shows_pictures_and_refers_to_nothing_outside(found: DataCheck) -> None:
    page = (found.folder / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/") >= 8
    assert "x[91]" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "near copies" in repr(found)
    assert "<table" in found._repr_html_()


def test_the_command_says_what_comes_next_and_strict_fails(
    found: DataCheck, made: dict[str, Any], tmp_path: Path
) -> None:
    """Features are stored by now, and examples are not to be shown."""
    config = tmp_path / "faulty.json"
    config.write_text(json.dumps({**made, "output": {**made["output"], "examples": False}}))
    said = CliRunner().invoke(main, ["check", str(config), "--strict", "--output", str(tmp_path / "check")])
    assert said.exit_code == 3
    assert "check --strict: the data has exact copies, near copies," in said.output
    assert f"next: python -m kerastune_ft plan {config}" in said.output
    assert "features of 94 examples were stored before" in said.output
    page = (tmp_path / "check" / "index.html").read_text(encoding="utf-8")
    assert "data:image/" not in page
    assert "x[" not in page
    document = json.loads((tmp_path / "check" / "findings.json").read_text())
    # The same each time, whoever asks.
    assert [each["count"] for each in document["findings"]] == [each["count"] for each in found.document["findings"]]
    assert (tmp_path / "check" / "exclude.csv").read_bytes() == found.exclude.read_bytes()
