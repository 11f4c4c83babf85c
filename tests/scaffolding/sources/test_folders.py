"""`init` on folders, archives and arrays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerastune_ft import init
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.suggest import images
from tests.support.init_data import read_written, write_image


def photos(root: Path, **counts: int) -> None:
    for name, count in counts.items():
        for number in range(count):
            write_image(root / name / f"{number}.png")


def test_class_folders_become_a_short_configuration_with_reasons() -> None:
    photos(Path("photos"), cat=8, dog=6)
    started = init("photos")
    document = read_written("photos.json")
    assert dict(started.counts) == {"cat": 8, "dog": 6}
    assert document["data"]["path"] == "photos"
    assert document["backbone"] == {"// name": document["backbone"]["// name"], "kind": "applications",
                                    "name": "MobileNetV2", "weights": "embedded"}  # fmt: skip
    assert [phase["name"] for phase in document["phases"]] == ["head"]
    assert "class_weights" not in document["defaults"]
    assert document["defaults"]["augment"] == {"preset": "light", "views": 4}
    assert len(Path("photos.json").read_text().splitlines()) < 45
    assert json.loads(Path("schema.json").read_text())["title"] == "kerastune_ft run configuration"


@pytest.mark.parametrize(
    ("names", "positive"),
    [
        (("normal", "pneumonia"), "pneumonia"),
        (("PNEUMONIA", "NORMAL"), "PNEUMONIA"),
        (("malignant", "benign"), "malignant"),
        (("0", "1"), "1"),
        (("cat", "dog"), "dog"),
    ],
)
def test_of_two_classes_the_one_looked_for_is_positive(names: tuple[str, str], positive: str) -> None:
    photos(Path("d"), **dict.fromkeys(names, 4))
    init("d")
    assert read_written("d.json")["task"]["positive"] == positive


def test_a_rare_class_brings_weights() -> None:
    photos(Path("d"), a=12, b=4, c=5)
    init("d")
    assert read_written("d.json")["defaults"]["class_weights"] == "balanced"


def test_a_class_too_small_to_divide_is_not_stratified() -> None:
    photos(Path("d"), a=12, b=2)
    init("d")
    assert read_written("d.json")["data"]["splits"]["stratify"] is False


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "validation", "test"), None),
        (("train", "val"), {"train": "train", "validation": "val"}),
        (("Training", "testing"), {"train": "Training", "test": "testing"}),
    ],
)
def test_split_folders_are_named_where_their_names_are_not_ours(
    folders: tuple[str, ...], splits: dict[str, str] | None
) -> None:
    for folder in folders:
        photos(Path("d") / folder, cat=4, dog=3)
    started = init("d")
    assert read_written("d.json")["data"].get("splits") == splits
    assert started.examples == 7 * len(folders)
    assert "split folders: train 7" in started.seen[0]


def test_the_way_to_the_class_folders_is_found() -> None:
    photos(Path("d/inner/photos"), cat=4, dog=4)
    init("d")
    assert read_written("d.json")["data"]["path"] == "d/inner/photos"


def test_an_archive_is_looked_into() -> None:
    photos(Path("packed/pets"), cat=4, dog=4)
    shutil.make_archive("pets", "zip", "packed")
    started = init("pets.zip")
    assert dict(started.counts) == {"cat": 4, "dog": 4}
    assert read_written("pets.json")["data"]["path"] == "pets.zip"


def test_names_that_tell_whose_a_file_is_make_groups() -> None:
    for number in range(24):
        write_image(Path(f"d/{'cat' if number % 2 else 'dog'}/patient{number % 5}_{number}.png"))
    init("d")
    data = read_written("d.json")["data"]
    assert "patient" in data["group"]["pattern"]
    assert "5 names" in data["// group"]


def test_dark_images_are_asked_about() -> None:
    for number in range(20):
        write_image(Path(f"d/{'ab'[number % 2]}/{number}.png"), value=1 + number % 16)
    started = init("d")
    assert read_written("d.json")["data"]["intensity"] == [0, 16]
    assert any('write "intensity": [0, 255]' in ask for ask in started.asks)


def test_deep_images_get_the_range_that_was_seen() -> None:
    for number in range(6):
        write_image(Path(f"d/{'ab'[number % 2]}/{number}.png"), high=3000 + number)
    started = init("d")
    assert read_written("d.json")["data"]["intensity"] == [10, 3005]
    assert "10 to 3005" in started.asks[0]


@pytest.mark.parametrize(("size", "resize"), [((40, 20), "pad"), ((40, 30), "stretch"), ((40, 39), None)])
def test_images_become_squares_by_what_was_best_for_their_sides(size: tuple[int, int], resize: str | None) -> None:
    for number in range(6):
        write_image(Path(f"d/{'ab'[number % 2]}/{number}.png"), size=size)
    init("d")
    assert read_written("d.json")["data"].get("resize") == resize


def test_a_damaged_file_in_the_sample_is_told() -> None:
    photos(Path("d"), cat=4, dog=4)
    Path("d/cat/broken.png").write_bytes(b"no image")
    assert any("broken.png" in question and "on_bad_file" in question for question in init("d").asks)


def test_weights_within_reach_are_taken_for_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    photos(Path("d"), cat=4, dog=4)
    monkeypatch.setattr(imagenet, "require_weights", lambda options: None)
    monkeypatch.setattr(images, "device", lambda: "gpu")
    init("d")
    backbone = read_written("d.json")["backbone"]
    assert (backbone["name"], backbone["weights"], backbone["image_size"]) == ("EfficientNetV2B0", "imagenet", 128)


@pytest.mark.parametrize(
    ("train", "names"),
    [
        (50, ["head"]),
        (500, ["head", "top"]),
        (5_000, ["head", "quarter", "half", "all"]),
        (50_000, ["head", "all"]),
    ],
)
def test_more_examples_train_more_units(train: int, names: list[str]) -> None:
    from kerastune_ft.scaffolding.findings import DataFindings

    findings = DataFindings({"kind": "image_classification"}, {}, train, train, {"a": 5, "b": 5})
    phases = images.schedule(findings)
    assert [phase["name"] for phase in phases] == names
    # All is written out, so that what a preset stands for may change without changing what was begun.
    assert all({"unfreeze", "epochs", "learning_rate"} <= set(phase) for phase in phases)


@pytest.mark.parametrize(("train", "counts"), [(300, {"a": 150, "b": 150}), (200, {})])
def test_many_images_and_numbers_are_not_augmented(train: int, counts: dict[str, int]) -> None:
    from kerastune_ft.scaffolding.findings import DataFindings

    findings = DataFindings({"kind": "image_classification"}, {}, train, train, counts)
    assert "augment" not in images.suggest(findings)["defaults"]


def test_arrays_are_told_by_shape() -> None:
    np.savez("digits.npz", x_test=np.zeros((4, 8, 8), np.uint8), y_test=np.arange(4) % 2,
             x_train=np.zeros((30, 8, 8), np.uint8), y_train=np.arange(30) % 3)  # fmt: skip
    started = init("digits.npz")
    data = read_written("digits.json")["data"]
    assert (data["x"], data["y"]) == ("x_train", "y_train")
    assert dict(started.counts) == {"0": 10, "1": 10, "2": 10}


def test_arrays_of_amounts_are_a_regression() -> None:
    np.savez("a.npz", x=np.zeros((30, 8, 8, 3), np.uint8), y=np.linspace(0, 1, 30))
    init("a.npz")
    assert read_written("a.json")["task"]["kind"] == "image_regression"


@pytest.mark.parametrize(
    "case", ["missing", "empty", "one class", "no images", "text", "npz without images", "bad npz"]
)
def test_what_is_no_data_is_exit_3_and_writes_nothing(case: str) -> None:
    Path("d").mkdir()
    path = "d"
    if case == "missing":
        path = "dd"
    elif case == "one class":
        photos(Path("d"), cat=3)
    elif case == "no images":
        Path("d/a").mkdir()
        Path("d/a/x.txt").write_text("x")
    elif case == "text":
        path = "d.txt"
        Path(path).write_text("x")
    elif case == "npz without images":
        path = "d.npz"
        np.savez(path, a=np.zeros(3))
    elif case == "bad npz":
        path = "d.npz"
        Path(path).write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=path):
        init(path)
    assert not list(Path().glob("*.json"))


@pytest.mark.slow
def test_of_a_hundred_thousand_files_a_sample_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(Path("one.png"))
    content = Path("one.png").read_bytes()
    for name in "abcd":
        Path("d", name).mkdir(parents=True)
        for number in range(25_000):
            Path("d", name, f"{number}.png").write_bytes(content)
    real, opened = Image.open, []
    monkeypatch.setattr(Image, "open", lambda *given: opened.append(given) or real(*given))
    assert init("d").examples == 100_000
    assert 0 < len(opened) < 200


@pytest.mark.parametrize(
    "folders", [("training_set/training_set", "test_set/test_set"), ("train_images", "val_images")]
)
def test_folders_that_look_like_splits_are_named_and_asked_about(folders: tuple[str, ...]) -> None:
    for folder in folders:
        photos(Path("d") / folder, forest=4, sea=4)
    started = init("d")
    assert list(read_written("d.json")["data"]["splits"].values()) == list(folders)
    assert dict(started.counts) == {"forest": 8, "sea": 8}
    assert "splits?" in started.asks[0]
    assert any("PLEASE DECIDE" in line for line in read_written("d.json")["//"])


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_class_with_the_name_of_a_split_is_listed_and_asked_about(name: str) -> None:
    photos(Path("d"), bus=4, car=4)
    photos(Path("d") / name, **{"2019": 4, "2020": 4})
    started = init("d")
    assert read_written("d.json")["task"]["classes"] == sorted(("bus", "car", name))
    assert started.counts[name] == 8
    assert f"is {name} a class, as bus and car?" in started.asks[0]


def test_splits_without_class_folders_are_exit_3() -> None:
    photos(Path("d"), train=4, test=4)
    with pytest.raises(DataError, match="look like splits and hold images without class folders"):
        init("d")


def nested(root: Path, top: tuple[str, ...], inner: tuple[str, ...]) -> None:
    for name in top:
        photos(root / name, **dict.fromkeys(inner, 4))


def test_splits_inside_the_classes_are_asked_about() -> None:
    nested(Path("d"), ("cat", "dog"), ("test", "train"))
    (ask,) = init("d").asks
    assert "are the folders test, train inside the class folders splits?" in ask
    assert read_written("d.json")["data"]["splits"]["train"] == 0.7


def test_folds_are_written_as_splits_and_asked_about() -> None:
    nested(Path("d"), ("fold1", "fold2"), ("cat", "dog"))
    started = init("d")
    assert read_written("d.json")["data"]["splits"] == {"train": "fold1", "test": "fold2"}
    assert dict(started.counts) == {"cat": 8, "dog": 8}
    assert any('"classes": ["fold1", "fold2"]' in ask for ask in started.asks)


def test_folders_of_the_same_names_are_listed_as_classes_and_asked_about() -> None:
    nested(Path("d"), ("art", "photo"), ("cat", "dog"))
    started = init("d")
    assert read_written("d.json")["task"]["classes"] == ["art", "photo"]
    assert any("are art, photo the classes?" in ask for ask in started.asks)


def test_labels_that_are_splits_are_asked_about() -> None:
    np.savez("a.npz", x=np.zeros((12, 24, 24, 3), np.uint8), y=np.array(["train", "test"] * 6))
    assert any("look like splits" in ask for ask in init("a.npz").asks)
    Path("t.csv").write_text("text,label\n" + "".join(f"a fine long film {n},{'train' if n % 3 else 'test'}\n"
                                                      for n in range(40)))  # fmt: skip
    assert any('"splits": {"column": "label"}' in ask for ask in init("t.csv").asks)
