"""scripts/benchmark.py: that both sides get the same, that seconds are divided as told, and what its tables say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from PIL import Image

from tests.support.places import SCRIPTS, import_environment
from tests.support.processes import HANG

WEIGHTS = Path("weights.h5")


def photos(folder: Path, count: int, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    """Write images that a mean tells apart."""
    draw = np.random.default_rng(0)
    for number, label in enumerate(classes):
        (folder / label).mkdir(parents=True)
        for image in range(count):
            pixels = draw.integers(120 * number, 120 * number + 100, (24, 20, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{image:03d}.jpg")
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image, np.int16)


def benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "benchmark.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)


def test_splits_that_lack_are_drawn_once_and_for_all(tmp_path: Path) -> None:
    from measurements import folders

    files = folders.divide(photos(tmp_path / "all", 40))
    assert [folders.size(files, split) for split in ("train", "validation", "test")] == [58, 10, 12]
    assert len({path for classes in files.values() for paths in classes.values() for path in paths}) == 80
    (tmp_path / "all/cat/extra.jpg").write_bytes((tmp_path / "all/cat/000.jpg").read_bytes())
    again = folders.divide(tmp_path / "all")
    for split in ("validation", "test"):
        # The drawing of dogs knows nothing of the new cat.
        assert again[split]["dog"] == files[split]["dog"]


def test_splits_that_are_there_are_taken(tmp_path: Path) -> None:
    from measurements import folders

    photos(tmp_path / "train", 20)
    photos(tmp_path / "test", 5)
    files = folders.divide(tmp_path)
    assert {split: folders.size(files, split) for split in files} == {"train": 34, "test": 10, "validation": 6}
    assert all(path.is_relative_to(tmp_path / "test") for path in files["test"]["cat"])
    fewer = folders.fewer(files, 17)
    assert {split: folders.size(fewer, split) for split in fewer} == {"train": 16, "test": 4, "validation": 4}


@pytest.mark.parametrize("classes", [("cat",), ()])
def test_a_folder_of_no_classes_is_refused(tmp_path: Path, classes: tuple[str, ...]) -> None:
    from measurements import folders

    tmp_path.joinpath("all").mkdir()
    photos(tmp_path / "all", 4, classes)
    with pytest.raises(click.UsageError, match="at least two classes"):
        folders.divide(tmp_path / "all")
    (tmp_path / "all/bird").mkdir()
    (tmp_path / "all/cow").mkdir()
    with pytest.raises(click.UsageError, match="no images of"):
        folders.divide(tmp_path / "all")


def test_links_and_copies_hold_the_same_images(tmp_path: Path) -> None:
    from measurements import folders

    files = folders.divide(photos(tmp_path / "all", 8))
    linked = folders.link(files, tmp_path / "linked")
    assert sum(path.is_file() for path in linked.rglob("*.jpg")) == 16
    copies = sorted(folders.multiply(files, tmp_path / "copies", 3).rglob("*.jpg"))
    assert len(copies) == 48
    assert len({path.read_bytes() for path in copies}) == 48, "every copy has a content of its own"
    original = pixels(tmp_path / "all/cat/000.jpg")
    near = [pixels(path) for path in copies if path.name.startswith("000-")]
    assert min(np.abs(original - each).mean() for each in near if each.shape == original.shape) < 10


def boxes(folder: Path, *rows: str) -> Path:
    path = folder / "boxes.csv"
    path.write_text("\n".join(("split,filename,label,xmin,ymin,xmax,ymax", *rows)))
    return path


def test_crops_are_the_boxes_at_every_size(tmp_path: Path) -> None:
    from measurements import crops

    (tmp_path / "photos/deep").mkdir(parents=True)
    Image.new("RGB", (100, 80)).save(tmp_path / "photos/deep/a.png")
    table = boxes(
        tmp_path,
        "train,a.png,cell,10,10,30,40",
        "train,a.png,cell,60,20,80,60",
        "train,a.png,speck,0,0,4,4",
        "test,a.png,cell,70,50,100,80",
    )
    counts = crops.cut(table, tmp_path / "photos", tmp_path / "crops", (1.0, 2.0), 100)
    assert counts == {"test": {"cell": 2}, "train": {"cell": 4}}
    sizes = {path.name: pixels(path).shape[1::-1] for path in (tmp_path / "crops").rglob("*.jpg")}
    # A larger one ends where the photo ends, and a speck of 4 pixels is left out.
    assert (
        sizes
        == {
            "a-0-1.jpg": (20, 30),
            "a-0-2.jpg": (40, 55),
            "a-1-1.jpg": (20, 40),
            "a-1-2.jpg": (40, 80),
            "a-3-1.jpg": (30, 30),
            "a-3-2.jpg": (45, 45),
            "a-2-2.jpg": (6, 6),
        }
        or "a-2-2.jpg" not in sizes
    )
    few = crops.cut(table, tmp_path / "photos", tmp_path / "few", (1.0,), 1)
    assert few["train"]["cell"] == 1


def test_crops_of_photos_that_are_not_there(tmp_path: Path) -> None:
    from measurements import crops

    table = boxes(tmp_path, "train,a.png,cell,10,10,30,40")
    with pytest.raises(click.ClickException, match=r"line 2: there is no a\.png"):
        crops.cut(table, tmp_path, tmp_path / "crops", (1.0,), 9)
    table.write_text("split,filename,label\n")
    with pytest.raises(click.ClickException, match="no column xmin, ymin, xmax, ymax"):
        crops.cut(table, tmp_path, tmp_path / "crops", (1.0,), 9)


def test_a_process_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from measurements import processes

    class Status(type(Path())):  # type: ignore[misc]
        """The file with the memory of a process, which tells the process when that was seen."""

        def read_text(self, *given: Any) -> str:
            text = super().read_text(*given)
            if any(int(line.split()[1]) > 62_500 for line in text.splitlines() if line.startswith("RssAnon:")):
                (tmp_path / "seen").touch()
            return text

    monkeypatch.setattr(processes, "Path", Status)
    script = """
import os, sys, time
print("begins", file=sys.stderr, flush=True)
held = bytearray(64_000_000)
time.sleep(0.1)
while os.path.exists("/proc/self/status") and not os.path.exists("seen"):
    time.sleep(0.01)
print("ends", file=sys.stderr)
print("noise"); print('{"word": "%s"}' % os.environ["WORD"])
"""
    ended = processes.run([sys.executable, "-c", script], tmp_path, {"WORD": "yes"})
    assert ended.result() == {"word": "yes"}
    (begins, _), (ends, _) = ended.notes
    assert 0 < begins < ends
    assert ended.seconds > 0.1
    assert ended.rss_bytes > 64e6
    if Path("/proc/self/status").exists():
        assert ended.anonymous_bytes is not None and 64e6 < ended.anonymous_bytes < ended.rss_bytes


def test_a_process_that_fails_is_told_of(tmp_path: Path) -> None:
    from measurements import processes

    with pytest.raises(click.ClickException, match=r"(?s)ended with 3:.*no such weights"):
        processes.run(
            [sys.executable, "-c", "import sys; print('no such weights', file=sys.stderr); sys.exit(3)"], tmp_path, {}
        )


def test_the_seconds_of_a_run_are_divided(tmp_path: Path) -> None:
    from measurements import sides
    from measurements.processes import Ended

    for name, at in {
        "plan.json": 3.0,
        "phases/00-head/result.json": 9.0,
        "phases/01-top/result.json": 14.0,
        "metrics.json": 15.0,
        "manifest.json": 17.5,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1000 + at, 1000 + at))
    notes = [
        (2.0, "run runs/a (new) on CPU"),
        (7.0, "phase head: trains head"),
        (9.0, "phase head done: best epoch 1 of 1"),
        (11.0, "phase top: trains block13, head"),
    ]
    ended = Ended(1000.0, 18.0, 20.0, 1, None, "", notes)
    assert sides._parts(tmp_path, ended) == pytest.approx(
        {
            "import": 2.0,
            "data and build": 1.0,
            "features": 6.0,
            "head": 2.0,
            "top": 3.0,
            "evaluate": 1.0,
            "save and report": 2.5,
            "exit": 0.5,
        }
    )


def cost(seconds: float, head: list[float], **changes: Any) -> Any:
    from measurements.sides import PARTS, Cost

    values: dict[str, Any] = {
        "seconds": seconds,
        "cpu_seconds": 2 * seconds,
        "rss_bytes": 2_000_000,
        "anonymous_bytes": None,
        "parts": dict.fromkeys(PARTS, seconds / len(PARTS)),
        "head_epochs": head,
        "top_epochs": [1.0],
        "test_accuracy": 0.5,
    }
    return Cost(**values | changes)


def test_medians_and_ratios() -> None:
    from measurements import rounds

    costs = {
        rounds.OURS: [cost(4.0, [9.0, 0.02, 0.02]), cost(5.0, [9.0, 0.02]), cost(60.0, [9.0, 0.5])],
        rounds.SCRIPT: [cost(20.0, [9.0, 2.0]), cost(15.0, [9.0, 2.0]), cost(10.0, [9.0, 1.0], test_accuracy=0.75)],
    }
    found = rounds.medians(costs)
    assert found[rounds.SCRIPT]["ratio"] == 3.0
    assert found[rounds.SCRIPT]["head_epoch_ratio"] == pytest.approx(100)
    assert (found[rounds.OURS]["least_seconds"], found[rounds.OURS]["most_seconds"]) == (4.0, 60.0)
    table = rounds.sheet(found, "a caption").markdown().splitlines()
    assert table[0] == "a caption"
    assert table[2:4] == ["| seconds | kerastune_ft | script |", "| --- | ---: | ---: |"]
    assert "| whole process | 5.0 | 15.0 |" in table
    assert "| an epoch of the head phase | 0.020 | 2.0 |" in table
    assert "| times ours | 1.00 | 3.00 |" in table
    assert "| peak memory, MB | 2 | 2 |" in table


def test_the_first_epoch_counts_only_where_it_is_alone() -> None:
    from measurements import rounds

    assert rounds.later([[9.0, 1.0, 3.0], [9.0, 2.0]]) == 2.0
    assert rounds.later([[9.0]]) == 9.0
    assert rounds.later([[]]) is None


def test_what_varies_is_varied_alone() -> None:
    from measurements import scaling
    from measurements.schedule import Schedule

    asked = Schedule(WEIGHTS, 0.25, 32, 5, 5)
    points = list(scaling._vary(asked, scaling.Ranges((1, 4), (10,), (1, "all"))))
    assert [
        (what, value, each.head_epochs, each.top_epochs, each.last, factor) for what, value, each, factor in points
    ] == [
        ("examples", 1, 5, 5, 3, 1),
        ("examples", 4, 5, 5, 3, 4),
        ("epochs", 10, 10, 10, 3, 1),
        ("units", 1, 5, 5, 1, 1),
        ("units", "all", 5, 5, "all", 1),
    ]


def test_the_configuration_is_one_that_is_read(tmp_path: Path) -> None:
    from measurements.schedule import Schedule

    from kerastune_ft.config.read import read

    config = read(Schedule(WEIGHTS, 0.5, 96, 4, 6, "all").config(tmp_path, 3))
    assert [(phase.name, phase.epochs, phase.batch_norm) for phase in config.phases] == [
        ("head", 4, "frozen"),
        ("top", 6, "frozen"),
    ]
    assert [phase.name for phase in read(Schedule(WEIGHTS, 0.5, 96, 0, 6).config(tmp_path, 3)).phases] == ["top"]


def test_mistakes_in_options_are_told(tmp_path: Path) -> None:
    wrong = benchmark(
        "scaling", "--data", str(photos(tmp_path / "all", 3)), "--weights", __file__, "--epochs", "5,0,many"
    )
    assert (wrong.returncode, "0, many: whole numbers above 0" in wrong.stderr) == (2, True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    table = boxes(tmp_path)
    full = benchmark("make-crops", "--boxes", str(table), "--images", str(tmp_path), str(tmp_path / "full"))
    assert (full.returncode, "is not empty" in full.stderr) == (2, True)


def test_the_program_itself_stays_small() -> None:
    # Memory that it had would count as that of the processes it starts.
    script = "import sys; import benchmark; print('tensorflow' in sys.modules)"
    environment = import_environment(SCRIPTS)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "False"


def weights(path: Path) -> Path:
    """Write weights of MobileNet, drawn so that its features neither vanish nor overflow."""
    import keras

    model = keras.applications.MobileNet(alpha=0.25, weights=None, include_top=False, input_shape=(32, 32, 3))
    draw = np.random.default_rng(0)
    for layer in model.layers:
        for variable in layer.trainable_variables:
            if len(variable.shape) == 4:
                inputs = 9 if isinstance(layer, keras.layers.DepthwiseConv2D) else np.prod(variable.shape[:3])
                variable.assign(draw.normal(0, np.sqrt(2 / inputs), variable.shape))
    model.save_weights(path)
    return path


@pytest.mark.slow
def test_a_script_may_train_the_head_alone(tmp_path: Path) -> None:
    for split in ("train", "validation", "test"):
        photos(tmp_path / "data" / split, 8)
    file = weights(tmp_path / "mobilenet.weights.h5")
    words = f"--data data --output model.keras --weights {file} --alpha 0.25 --image-size 32 --batch-size 8 --seed 1"
    words += " --dropout 0.2 --head-epochs 2 --head-rate 0.01 --top-epochs 0 --top-rate 0.001"
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "measurements" / "hand_written.py"), *words.split()],
        capture_output=True, text=True, cwd=tmp_path, timeout=HANG, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert (len(report["head_epochs"]), report["top_epochs"]) == (2, [])
    # A weight for each of 256 features and a bias, of two classes.
    assert report["trained_parameters"] == 2 * 257


@pytest.mark.slow
def test_both_sides_train_and_are_compared(tmp_path: Path) -> None:
    data = str(photos(tmp_path / "all", 24))
    file = weights(tmp_path / "mobilenet.weights.h5")
    common = ("--data", data, "--weights", str(file), "--image-size", "32", "--epochs", "2", "--rounds", "1", "--json")
    done = benchmark("schedule", *common)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["medians"]) == {"kerastune_ft", "its second run", "script", "script, images cached"}
    for costs in told["rounds"].values():
        (each,) = costs
        assert sum(each["parts"].values()) == pytest.approx(each["seconds"], abs=0.1)
        assert min(each["parts"].values()) >= 0
        assert (len(each["head_epochs"]), len(each["top_epochs"])) == (2, 2)
    done = benchmark("tail", *common)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["medians"]["tail alone, own loop"]["ratio"] > 0
