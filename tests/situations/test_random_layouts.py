"""Random folders: whatever they are called and hold, they are read, or refused with a message that names the place."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.config.options.data import FolderData, Folds, Fractions, Named
from kerastune_ft.config.options.tasks import (
    AudioClassification,
    ImageClassification,
    ImageRegression,
    ImageSegmentation,
    TextClassification,
)
from kerastune_ft.data.annotations.split_folders import find_split_folders
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.open import open_source
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rules import FIRST
from kerastune_ft.scaffolding.scaffold import init
from tests.support.image_files import encode_image, pixels
from tests.support.sound_files import tone, wav

pytestmark = pytest.mark.slow

NAMES = (
    "train", "test", "val", "validation", "Train", "TEST", "valid", "dev", "eval", "Testing", "holdout", "trn",
    "tst", "seg_train", "seg_test", "seg_pred", "training_set", "test_set", "train_images", "val_images", "trainset",
    "testset", "imagesTr", "imagesTs", "labelsTr", "train2017", "pets_train", "pets_test", "pred", "unlabelled",
    "images", "masks", "labels", "cat", "dog", "Cat", "dog2", "bus", "car", "2019", "2020", "1", "01", "1.0", "nan",
    "none", "@eaDir", "#recycle", "thumbs", "Thumbs", "_thumb", ".hidden", "__MACOSX", "K\u00e4se", "Ka\u0308se",
    "c\u200bat", "\u732b", "a|b", "x,y", "'q'", '"d"', "{stem}", "~", "-rf", "%s", "New York", "New\u00a0York",
    "cat ", " ", "line\nbreak", "\ufeffdog", os.fsdecode(b"caf\xe9"), "n" * 200,
)  # fmt: skip
SUFFIXES = (".png", ".jpg", ".PNG", ".txt", ".wav", ".csv", "", ".dcm", ".mp3")
CONTENT = {
    ".png": [encode_image(pixels(number, 6, 8)) for number in range(40)] + [b"", b"no image"],
    ".txt": [f"text {number}".encode() for number in range(40)] + [b"", b"\xff\xfe"],
    ".wav": [wav(tone(200 + 20 * number, 0.02, seed=number)) for number in range(20)] + [b"RIFF"],
}
IMAGE_TASKS = (
    ImageClassification(),
    ImageClassification(multi_label=True),
    ImageSegmentation(kind="image_segmentation"),
    ImageRegression(kind="image_regression"),
)
SETS: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...] = (
    ((".png",), IMAGE_TASKS[:2]),
    ((".png", ".PNG"), IMAGE_TASKS),
    ((".txt",), (TextClassification(kind="text_classification"),)),
    ((".wav",), (AudioClassification(),)),
    (SUFFIXES, (*IMAGE_TASKS, TextClassification(kind="text_classification"), AudioClassification())),
)


def grow(folder: Path, draw: np.random.Generator, depth: int, suffixes: tuple[str, ...]) -> None:
    """Write a random tree of folders and files, with a link or a loop now and then."""
    folder.mkdir(exist_ok=True)
    names = NAMES if draw.random() < 0.5 else NAMES[:30]
    for name in draw.choice(names, draw.integers(1, 6), replace=False).tolist():
        inner = folder / name
        if draw.random() < 0.05:
            inner.symlink_to(folder if draw.random() < 0.5 else "nowhere")
        elif depth > 1 and draw.random() < 0.4:
            grow(inner, draw, depth - 1, suffixes)
        else:
            inner.mkdir()
            write_files(inner, draw, suffixes)
    if draw.random() < 0.15:
        write_files(folder, draw, suffixes)


def write_files(folder: Path, draw: np.random.Generator, suffixes: tuple[str, ...]) -> None:
    for number in range(draw.integers(0 if draw.random() < 0.1 else 3, 9)):
        suffix = suffixes[draw.integers(len(suffixes))]
        contents = CONTENT.get(suffix.lower(), CONTENT[".png"])
        good = len(contents) - (0 if draw.random() < 0.02 else 2)
        path = folder / f"{number}{suffix}"
        if not path.exists():
            path.write_bytes(contents[draw.integers(max(good, 1))])


def folders_of(root: Path) -> list[str]:
    """The folders that a configuration can name."""
    names = [path.name for path in root.iterdir() if path.is_dir()]
    return [name for name in names if name.encode(errors="ignore").decode() == name] + ["absent"]


def options_of(root: Path, draw: np.random.Generator) -> dict[str, Any]:
    """Random splits and rules."""
    chosen: dict[str, Any] = {"on_bad_file": "skip" if draw.random() < 0.7 else "error"}
    kind = draw.integers(5)
    if kind == 0:
        chosen["splits"] = Fractions(train=0.6, validation=0.2, test=0.2, stratify=bool(draw.random() < 0.5))
    elif kind == 1:
        named = draw.choice(folders_of(root), 3).tolist()
        chosen["splits"] = Named(train=named[0], validation=named[1] if draw.random() < 0.5 else None, test=named[2])
    elif kind == 2:
        chosen["splits"] = Folds(folds=2, fold=1, stratify=False)
    return chosen


def check_message(problem: Exception) -> str:
    """Return the message, which must be one that a user can place."""
    message = str(problem)
    assert re.match(r"(data|task|--data|init|runtime)\b|/", message), message
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", message), message
    assert problem.exit_code in (2, 3)  # type: ignore[attr-defined]
    return message


def read(root: Path, task: Any, cache: Path, **options: Any) -> Any:
    """Return the source, or the message."""
    given = {name: options.pop(name) for name in ("unsplit", "rules") if name in options}
    try:
        return open_source(FolderData(path=str(root), **options), task, cache, lambda _: None, **given)
    except (DataError, ConfigError) as problem:
        return check_message(problem)


@pytest.mark.parametrize("part", range(5))
def test_random_folders_are_read_or_refused(tmp_path: Path, part: int) -> None:
    opened = asked = 0
    for case in range(100):
        draw = np.random.default_rng([part, case])
        root, cache = tmp_path / f"d{case}", tmp_path / "cache"
        suffixes, tasks = SETS[draw.integers(len(SETS))]
        grow(root, draw, int(draw.integers(1, 4)), suffixes)
        task = tasks[draw.integers(len(tasks))]
        options = options_of(root, draw)
        found = read(root, task, cache, **options)
        if isinstance(found, str):
            asked += "look" in found and "split" in found
            check_lines(found, root, task, cache, options)
        else:
            opened += 1
            check_source(found, root)
        with reading_other_data(str(root)):
            read(root, task, cache, on_bad_file="skip", unsplit=True)
        read(root, task, cache, **options, rules=FIRST)
    assert opened
    assert asked


def check_source(source: Any, root: Path) -> None:
    """No example is in two splits, and no folder that is a split by its name and holds classes is a class."""
    every = np.concatenate(list(source.splits.values()))
    assert len(np.unique(every)) == len(every) <= source.info.examples
    top = [path.name for path in root.iterdir() if path.is_dir()]
    sorted_into = {folder.name for folder in find_split_folders(root, top, IMAGES) if folder.is_complete}
    if not any("/" in key for key in source.keys):
        return
    tops = {key.split("/")[0]: label for key, label in zip(source.keys, source.label_texts, strict=True)}
    assert not {name for name, label in tops.items() if name in sorted_into and label == name and len(top) > 1}


def check_lines(message: str, root: Path, task: Any, cache: Path, options: dict[str, Any]) -> None:
    """What a message says to write leads on: never to the same question again."""
    for key in ("splits", "classes"):
        if "look" not in message or not (found := re.search(rf'write in \w+:  "{key}": (.*)$', message, re.MULTILINE)):
            continue
        value = json.loads(found[1])
        if key == "splits":
            again = read(root, task, cache, **{**options, "splits": Named(**value)})
        else:
            again = read(root, task.model_copy(update={"classes": tuple(value)}), cache, **options)
        assert not (isinstance(again, str) and "look" in again and "like" in again and "split" in again), again


@pytest.mark.parametrize("part", range(5))
def test_init_reads_or_refuses_random_folders(tmp_path: Path, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*asked: Any) -> None:
        raise ConfigError("not there")

    monkeypatch.setattr(imagenet, "require_weights", absent)
    monkeypatch.setattr(presets, "locate", absent)
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for case in range(60):
        draw = np.random.default_rng([99, part, case])
        root = tmp_path / f"d{case}"
        suffixes = [(".png",), (".txt",), (".wav",), SUFFIXES][draw.integers(4)]
        grow(root, draw, int(draw.integers(1, 4)), suffixes)
        try:
            started = init(root, f"c{case}.json")
        except (DataError, ConfigError) as problem:
            check_message(problem)
            continue
        document = json.loads(Path(f"c{case}.json").read_text(encoding="utf-8"))
        assert document["task"]["kind"] == started.task
        assert all(str(question) for question in started.asks)
