from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.results.base import Results
from kerastune_ft.reporting.results.boxes import BoxPage
from tests.support import label_run_files as files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    run = tmp_path_factory.mktemp("runs") / "smears-1"
    found = files.write_boxes(run)
    # As if pictures had more detections than COCO's metrics count.
    own = {"limit": 200, "mean_average_precision": 0.1234, "mean_average_precision_50": 0.4321}
    place = run / "evaluation" / "boxes.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"at_own_limit": own}))
    return run, found


@pytest.fixture(scope="module")
def page(made: tuple[Path, dict[str, Any]]) -> str:
    return document.render(made[0])


def test_figures_by_class_and_size_are_those_of_the_evaluation(made: tuple[Path, dict[str, Any]]) -> None:
    found = document.summarise(made[0])
    assert [row["class"] for row in found["classes"]] == ["platelet", "red", "white", "absent"]
    for row, own in zip(found["classes"][:3], made[1]["classes"], strict=False):
        assert row["average_precision"] == own["average_precision"] and row["recall"] == own["recall"]
    assert found["classes"][3]["average_precision"] is None
    assert [row["boxes"] for row in found["sizes"]] == [row["boxes"] for row in made[1]["sizes"]]
    assert found["margin"]["verdict"] == "better"


def test_the_page_shows_everything_of_the_boxes(made: tuple[Path, dict[str, Any]], page: str) -> None:
    for told in (
        "Class by class", "By size", "Precision, recall and scores", "What is taken for what",
        "boxes of 4 classes: platelet, red, white, absent", 'href="#mistakes">Worst boxes', "2 missed",
        "No box of absent is in this split, so it is not in the means.",
        "With the 200 that this model gives, mean average precision is 0.1234",
    ):  # fmt: skip
        assert told in page, told
    assert page.count("data:image/png;base64,") == 1
    matrix = made[1]["confusion"]
    assert f">{matrix[1][1]:,}</td>" in page and f">{matrix[4][0]:,}</td>" in page
    row = made[1]["classes"][1]
    ends = f"{row['interval'][0]:.4f} to {row['interval'][1]:.4f}"
    assert re.search(rf"red</th>.*{row['average_precision']:.4f}.*{ends}", page)


def test_a_class_called_nothing_is_told_from_no_box(made: tuple[Path, dict[str, Any]]) -> None:
    rows = [{**row, "class": name} for row, name in zip(made[1]["classes"], ("nothing", *"abc"), strict=True)]
    found = BoxPage().draw(Results(boxes={**made[1], "classes": rows, "curves": {}}))
    assert found["matrix"]["classes"] == ["nothing", "a", "b", "c", "(nothing)"]


def test_without_examples_nothing_of_a_picture_is_on_the_page(tmp_path: Path) -> None:
    files.write_boxes(tmp_path / "r", examples=False)
    told = document.render(tmp_path / "r") + json.dumps(document.summarise(tmp_path / "r"))
    assert "Class by class" in told
    for private in ("smears/", ".png", "P-0", "<img", "ward"):
        assert private not in told, private


def test_before_the_evaluation_the_page_says_what_is_missing(tmp_path: Path) -> None:
    files.write_boxes(tmp_path / "r")
    for name in ("metrics.json", "evaluation/boxes.json", "evaluation/predictions.csv"):
        (tmp_path / "r" / name).unlink()
    page = document.render(tmp_path / "r")
    assert "<code>evaluation/predictions.csv</code> is written when the final model is evaluated" in page
