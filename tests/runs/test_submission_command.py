"""The command `predict` with a sample submission, and with the most probable classes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import kerastune_ft as kt
from kerastune_ft.cli.commands import main
from tests.support.trained_runs import COUNT, csv_rows, write


def give(*words: object) -> Result:
    result = CliRunner().invoke(main, ["predict", *map(str, words)])
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    ids = [f"{number:02d}" for number in reversed(range(COUNT))]
    return write(tmp_path / "sample.csv", "\n".join(["id,label", *(f"{name},noise" for name in ids), ""]).encode())


def test_a_submission_has_the_samples_rows_and_the_predictions(
    classes_run: Path, workplace: Path, sample: Path
) -> None:
    output = sample.with_name("out.csv")
    result = give(classes_run, workplace / "images", "--submission", sample, "--output", output)
    assert result.exit_code == 0, result.output
    assert "ids in id are the file name without its ending of the inputs; label gets the class" in result.stderr
    rows = csv_rows(output.read_text())
    assert [row["id"] for row in rows] == [row["id"] for row in csv_rows(sample.read_text())]
    plain = kt.predict(classes_run, workplace / "images")
    wanted = {Path(row.input).stem: row for row in plain.itertuples()}
    assert {row["id"]: row["label"] for row in rows} == {name: row.label for name, row in wanted.items()}
    again = kt.predict(classes_run, workplace / "images", submission=sample)
    assert again.to_dict("records") == rows
    assert give(classes_run, workplace / "images", "--submission", sample, "--output", output).exit_code == 0
    assert give(classes_run, workplace / "images", "--submission", sample, "--output", sample).exit_code == 2
    sample.write_text("\n".join(["id,square,noise", *(f"{row['id']},0,0" for row in rows)]))
    shares = kt.predict(classes_run, workplace / "images", submission=sample)
    assert list(shares) == ["id", "square", "noise"]
    assert shares.square.tolist() == [wanted[name].probability_square for name in shares.id]
    assert shares.square.nunique() > 2


def test_what_does_not_fit_leaves_no_file(classes_run: Path, workplace: Path, sample: Path) -> None:
    output = sample.with_name("out.csv")
    folder = sample.with_name("images")
    shutil.copytree(workplace / "images", folder)
    (folder / "noise" / "00.png").write_bytes(b"no image")
    words = (classes_run, folder, "--submission", sample)
    result = give(*words, "--output", output)
    assert (result.exit_code, output.exists()) == (3, False)
    assert f"1 input of {COUNT} cannot be read" in result.stderr
    assert give(*words).stdout == ""
    kept = give(*words, "--allow-errors")
    assert (kept.exit_code, csv_rows(kept.stdout)[-1]) == (0, {"id": "00", "label": "noise"})
    said = f"predictions for {COUNT - 1} of {COUNT} inputs; 1 of {COUNT} inputs could not be read and kept the sample's"
    assert said in kept.stderr
    (folder / "noise" / "00.png").unlink()
    result = give(*words, "--output", output)
    assert (result.exit_code, output.exists()) == (3, False)
    assert "1 id without an input: 00" in result.stderr


def test_the_most_probable_classes_are_columns(classes_run: Path, values_run: Path, workplace: Path) -> None:
    frame = kt.open_run(classes_run).predict(workplace / "images", top=5)
    assert list(frame) == ["input", "label", "probability", "label_2", "probability_2", "error"]
    assert (frame.probability >= frame.probability_2).all()
    assert (frame.label != frame.label_2).all()
    refused = give(values_run, workplace / "cases.csv", "--top", 2)
    assert (refused.exit_code, "which have no order" in refused.stderr) == (2, True)
