"""Tables in a folder of pictures, with a row for each box: the name of its picture, its class and its edges."""

from __future__ import annotations

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes.base import Boxed, Refusal, to_annotations
from kerastune_ft.data.annotations.boxes.columns import RowReader, are_fractions, find_usual_edges
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, PictureIndex, find_splits, list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.box_text import read_boxes
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, lines

SUFFIXES = (".csv", ".tsv")
_INPUTS = ("filename", "file_name", "image", "image_path", "img_path", "path", "file", "image_id")
_LABELS = ("class", "label", "class_name", "name", "category", "labelname")


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures that the tables of a folder name, each with its boxes."""
    images, files, notes = list_files(walk, SUFFIXES)
    tables = [(file, table) for file in files if (table := _open_boxes(file)) is not None]
    if not tables:
        raise DataError(
            f"data.path: {walk.root} has no table with a row for each box, of columns such as filename, class, xmin, "
            "ymin, xmax, ymax.\n"
            'Tables with other columns are read by  "kind": "table"  in data, which names them.'
        )
    index, taken = PictureIndex(images), dict[str, str]()
    found: list[Boxed] = []
    refused: list[Refusal] = []
    double: list[tuple[str, str]] = []
    for file, table in tables:
        columns = find_columns(table)
        assert columns is not None
        name, label, edges = columns
        reader, rows_of = RowReader(table, label, edges), dict[str, list[int]]()
        for row, text in enumerate(table.texts(name, "data.path")):
            rows_of.setdefault(text, []).append(row)
        for text, rows in rows_of.items():
            picture, why = index.find(text, file.folders)
            if picture is None:
                refused.append(Refusal(f"{text or 'an image without a name'} of {file.key}", why, "on_missing"))
                continue
            if picture.key in taken:
                double.append((picture.key, f"in {taken[picture.key]} and in {file.key}"))
            taken[picture.key] = file.key
            if problem := reader.find_problem(rows):
                refused.append(Refusal(picture.key, f"{file.key}, {problem}"))
            elif written := reader.write(rows):
                found.append(Boxed(picture, None, read_boxes(written, file.key)))
            else:
                refused.append(Refusal(picture.key, f"{table.name_rows(rows)} of {file.key}: a box has no class"))
    if double:
        raise DataError(f"data.path: images that are named twice:\n{lines(double)}\nLeave one of them.")
    if unnamed := len(images) - len(taken):
        notes.append(f"ignored {counted(unnamed, 'image')} that no table names")
    pictures = [one.picture for one in found]
    splits = find_splits(pictures, Layout.of(options), requested, str(walk.root), notes)
    found = [Boxed(one.picture, split, one.boxes) for one, split in zip(found, splits, strict=True)]
    return to_annotations(found, refused, options, notes, are_fractions=are_fractions([one.boxes for one in found]))


def _open_boxes(file: FoundFile) -> TextTable | None:
    """Return a table with a row for each box; None for any other file."""
    try:
        table = read_table(storage.path_of(file.path))
    except (DataError, ConfigError):
        return None
    return None if find_columns(table) is None else table


def find_columns(table: TextTable) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the columns of pictures, classes and edges, by their usual names; None where there are no such."""
    known = {name.casefold(): name for name in reversed(table.columns)}
    name = next((known[one] for one in _INPUTS if one in known), None)
    label = next((known[one] for one in _LABELS if one in known), None)
    edges = find_usual_edges(table.columns)
    return None if name is None or label is None or edges is None else (name, label, edges)


def is_table_of_boxes(file: FoundFile) -> bool:
    """Return whether a file is a table with a row for each box."""
    return _open_boxes(file) is not None
