"""Files that go away or are damaged after they were checked, and odd files in a whole run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

from kerastune_ft.cli.commands import main
from kerastune_ft.errors import DataError
from kerastune_ft.training.judging import evaluate_run
from kerastune_ft.training.lost_files import naming_lost_files
from tests.support.image_files import Open, class_folders, encode_image, pixels, write
from tests.support.trained_runs import small_backbone


def test_files_that_vanish_are_named(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    source = open_folder(root)
    assert source.find_lost() == []
    (root / "cat" / "2.png").unlink()
    with (
        pytest.raises(
            DataError, match=r"1 file of 8 could be read (.|\n)*\n  cat/2.png  is not there any more\nPut back"
        ),
        naming_lost_files(source),
    ):
        source.element(tf.constant(source.keys.index("cat/2.png"), tf.int64))


def test_files_that_are_damaged_are_named(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 4)
    source = open_folder(root)
    write(root / "dog" / "1.png", b"something else")
    with (
        pytest.raises(DataError, match=r"dog/1.png  changed and cannot be read any more"),
        naming_lost_files(source),
    ):
        tf.io.decode_image(source.element(tf.constant(source.keys.index("dog/1.png"), tf.int64))["image"])


def test_other_failures_stay_what_they_are(tmp_path: Path, open_folder: Open) -> None:
    source = open_folder(class_folders(tmp_path / "pets", 4))
    with pytest.raises(tf.errors.InvalidArgumentError), naming_lost_files(source):
        tf.io.decode_image(b"no file of the source")


def test_odd_files_train_and_a_lost_one_ends_the_run_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = class_folders(tmp_path / "pets", 12)
    write(root / "cat" / "wide.png", encode_image(pixels(1, 2, 5000)))
    write(root / "cat" / "line\nend \U0001f408.jpg", encode_image(Image.fromarray(pixels(2)).convert("CMYK"), "JPEG"))
    write(root / "dog" / "deep.gif", encode_image(Image.fromarray(pixels(3)), "GIF"))
    document = {
        "name": "odd",
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(root), "resize": "pad"},
        "backbone": small_backbone(tmp_path),
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}],
        "runtime": {"cache_directory": str(tmp_path / "cache")},
        "output": {"directory": str(tmp_path / "runs")},
    }
    (tmp_path / "odd.json").write_text(json.dumps(document))
    done = CliRunner().invoke(main, ["run", str(tmp_path / "odd.json")])
    assert done.exit_code == 0, done.output
    assert "black" in done.stderr
    evaluate = ["evaluate", str(tmp_path / "runs" / "odd-1"), "--split", "train"]
    assert CliRunner().invoke(main, evaluate).exit_code == 0

    opened = evaluate_run.assemble

    def vanish(*arguments: object) -> object:
        session = opened(*arguments)
        (root / "cat" / "wide.png").unlink()
        return session

    monkeypatch.setattr(evaluate_run, "assemble", vanish)
    lost = CliRunner().invoke(main, evaluate)
    assert lost.exit_code == 3, lost.output
    assert "cat/wide.png  is not there any more" in lost.stderr
