"""Folders of images with train, validation and test splits, the same for all sides of a comparison."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
"""The suffixes that all sides read."""
_VALIDATION = 0.15
_TEST = 0.15
_JPEG_QUALITY = 95
_LARGEST_CHANGE = 3

Files = Mapping[str, Mapping[str, Sequence[Path]]]
"""Image files by split and class."""


def divide(data: Path) -> Files:
    """Return the images of a folder of class folders, or of one with the folders train and test, by split and class.

    Missing splits are drawn by the hash of the file's name, so that they do not depend on other files.
    """
    splits = {name: _classes(data / name) for name in ("train", "validation", "test") if (data / name).is_dir()}
    if "train" not in splits:
        splits = {"train": _classes(data)}
    for name, share in (("test", _TEST), ("validation", _VALIDATION)):
        if name not in splits:
            # Drawn from what is left to train on, after the test split.
            splits[name] = {label: _draw(files, share) for label, files in splits["train"].items()}
            taken = {path for files in splits[name].values() for path in files}
            splits["train"] = {
                label: [path for path in files if path not in taken] for label, files in splits["train"].items()
            }
    for name, classes in splits.items():
        if empty := [label for label, files in classes.items() if not files]:
            raise click.UsageError(f"--data: the {name} split of {data} has no images of {', '.join(empty)}")
    return splits


def _classes(folder: Path) -> dict[str, list[Path]]:
    classes = {
        label.name: sorted(path for path in label.iterdir() if path.suffix.lower() in SUFFIXES)
        for label in sorted(folder.iterdir())
        if label.is_dir() and not label.name.startswith(".")
    }
    if len(classes) < 2:
        raise click.UsageError(f"--data: {folder} has no folders of at least two classes")
    return classes


def _draw(files: Sequence[Path], share: float) -> list[Path]:
    drawn = sorted(files, key=lambda path: hashlib.sha256(path.name.encode()).digest())
    return sorted(drawn[: max(1, round(share * len(files)))])


def fewer(files: Files, most: int) -> Files:
    """Return about `most` training examples, and the same share of the other splits, all classes alike."""
    share = min(1.0, most / size(files, "train"))
    return {split: {label: _draw(paths, share) for label, paths in classes.items()} for split, classes in files.items()}


def size(files: Files, *splits: str) -> int:
    """Return the number of images of these splits."""
    return sum(len(paths) for split in splits for paths in files[split].values())


def link(files: Files, target: Path) -> Path:
    """Make a folder of links, `target`/split/class/name; read every file once, so that the first to come finds it warm.

    Return `target`.
    """
    for path, name in _list_targets(files, target):
        path.read_bytes()
        os.symlink(path.resolve(), name)
    return target


def multiply(files: Files, target: Path, factor: int) -> Path:
    """Make a folder with `factor` copies of every image, each with noise of its own, so that no two are alike.

    All are written as JPEG, the first copies too, so that reading costs the same per image for every factor. Return
    `target`.
    """
    import numpy as np
    from PIL import Image

    for path, name in _list_targets(files, target):
        pixels = np.asarray(Image.open(path).convert("RGB"), np.int16)
        for copy in range(factor):
            draw = np.random.default_rng([copy, zlib.crc32(path.name.encode())])
            noise = draw.integers(-_LARGEST_CHANGE, _LARGEST_CHANGE, pixels.shape, np.int16, endpoint=True)
            changed = np.clip(pixels + noise, 0, 255).astype(np.uint8)
            Image.fromarray(changed).save(name.with_name(f"{name.stem}-{copy}.jpg"), quality=_JPEG_QUALITY)
    return target


def _list_targets(files: Files, target: Path) -> Iterator[tuple[Path, Path]]:
    for split, classes in files.items():
        for label, paths in classes.items():
            folder = target / split / label
            folder.mkdir(parents=True)
            for path in paths:
                yield path, folder / path.name


def tiny(files: Files) -> Files:
    """Return two images of every class and split, for a round that warms up."""
    return {split: {label: paths[:2] for label, paths in classes.items()} for split, classes in files.items()}
