from __future__ import annotations

from pathlib import Path

from kerastune_ft.cards.build import build_card
from kerastune_ft.cards.markdown import write_markdown
from tests.support import run_files


def test_names_of_users_are_no_markup(tmp_path: Path) -> None:
    card = build_card(run_files.write_run(tmp_path / "run", classes=("a|b", "<b>_c_", "# d")))
    text = card.markdown.split("---\n", 2)[-1]
    assert "a\\|b" in text and "\\<b>\\_c\\_" in text
    assert "| a|b" not in text and "\n# d" not in text
    for table in text.split("\n\n"):
        rows = [row for row in table.splitlines() if row.startswith("|")]
        assert len({row.replace("\\|", "").count("|") for row in rows}) <= 1


def test_ensembles_refits_and_temperatures_are_said(tmp_path: Path) -> None:
    document = dict(build_card(run_files.write_run(tmp_path / "run")).document)
    document |= {"folds": {"folds": 5}, "refit": True, "calibration": {"temperature": 1.234}}
    text = write_markdown(document)
    assert "fitted on validation (temperature" in text
    assert "the mean of 5 models" in text and "Then all of it again" in text and "(temperature 1.23)" in text
    assert "it is in `calibration.json`" in text
    # An export has no such file.
    assert "calibration.json" not in write_markdown({**document, "format": "onnx"})
    document["calibration"] = {"temperature": 1.2, "chosen_on": "out_of_fold", "chosen_by": "the members"}
    assert "fitted on answers out of fold, to answers of the members (temperature" in write_markdown(document)
    document["calibration"] = {"temperature": 1.0, "fitted": False}
    assert "Validation told no temperature" in write_markdown(document)


def test_of_many_classes_the_least_known_are_shown(tmp_path: Path) -> None:
    document = dict(build_card(run_files.write_run(tmp_path / "run")).document)
    document["classes"] = {f"class {number:02d}": {"f1": number / 30, "examples": 9} for number in range(30)}
    text = write_markdown(document)
    assert "the 20 least known of 30" in text and "class 19" in text and "class 20" not in text
