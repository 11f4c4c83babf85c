from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import tensorflow as tf
from pydantic import Field

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageClassification, TextClassification
from kerastune_ft.data import open as opening
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.kinds import folder
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.modality import FileList, Modality, ReadContext
from kerastune_ft.data.open import open_source
from kerastune_ft.data.records import Records
from kerastune_ft.errors import ConfigError
from tests.support.image_files import encode_image, pixels, write

COUNT = 20


class ListingData(FolderData):
    """A text file with a path and a label per line: a kind of data that the package does not have."""

    kind: Literal["listing"] = Field("listing")  # type: ignore[assignment]


def read_records(options: ListingData, modality: Modality, context: ReadContext) -> Records:
    place = Path(options.path)
    rows = [line.split() for line in place.read_text().splitlines()]
    keys = [path for path, _ in rows]
    files = FileList(place.parent, [str(place.parent / key) for key in keys], keys)
    inputs = modality.read_files(files, options, context)
    labels = [rows[index][1] for index in inputs.kept]
    kept = [keys[index] for index in inputs.kept]
    return Records(
        kind="listing",
        name=place.name,
        place=str(place),
        keys=kept,
        names=kept,
        inputs={context.facts.modality: inputs},
        labels=SingleLabels(labels),
        label_texts=labels,
        skipped=inputs.skipped,
    )


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the kind by one line in a table."""
    module = ModuleType("listing")
    module.read_records = read_records  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "listing", module)
    monkeypatch.setattr(opening, "KINDS", {**opening.KINDS, "listing": "listing"})


def opened(options: Any, task: Any, tmp_path: Path, **more: Any) -> Any:
    return open_source(options, task, tmp_path / "cache", lambda line: None, **more)


@pytest.mark.usefixtures("listing")
@pytest.mark.parametrize("is_text", [True, False])
def test_a_kind_is_a_file_and_a_line_in_a_table_for_every_modality(tmp_path: Path, is_text: bool) -> None:
    suffix = "txt" if is_text else "png"
    lines = []
    for number in range(COUNT):
        content = f"text {number}".encode() if is_text else encode_image(pixels(number))
        write(tmp_path / "set" / f"{number}.{suffix}", content)
        lines.append(f"{number}.{suffix} {'ab'[number % 2]}")
    path = write(tmp_path / "set" / "listing", "\n".join(lines).encode())
    task = TextClassification() if is_text else ImageClassification()
    source = opened(ListingData(path=str(path)), task, tmp_path)
    assert source.info.kind == "listing"
    assert source.info.classes == ("a", "b")
    assert source.info.sizes == {"train": 14, "validation": 3, "test": 3}
    element = source.element(tf.constant(7, tf.int64))
    if is_text:
        assert element["texts"].numpy().tolist() == [b"text 7"]
    else:
        assert np.array_equal(tf.io.decode_image(element["image"]), pixels(7))
    assert opened(ListingData(path=str(path)), task, tmp_path, unsplit=True).info.sizes == {"test": COUNT}


def read_names(walk: Walk, options: FolderData, requested: Any, context: ReadContext) -> Annotations:
    """An annotation format that the package does not have: the label is the first letter of a file's name."""
    paths = walk.files(walk.root)
    files = [AnnotatedFile(path, walk.relative(path), None) for path in paths]
    labels = [Path(path).name[0] for path in paths]
    return Annotations(files, SingleLabels(labels), labels)


def test_an_annotation_format_is_a_file_and_a_line_in_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "FORMATS", {**folder.FORMATS, "one": read_names})
    for number in range(COUNT):
        write(tmp_path / "set" / f"{'ab'[number % 2]}{number}.png", encode_image(pixels(number)))
    source = opened(FolderData(path=str(tmp_path / "set")), ImageClassification(), tmp_path)
    assert source.info.classes == ("a", "b")
    assert [source.label_texts[index] for index in range(COUNT)] == [key[0] for key in source.keys]


def test_a_cache_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ConfigError, match=r"runtime.cache_directory: .*cache cannot be made"):
        opened(SimpleNamespace(kind="folder"), ImageClassification(), tmp_path)
