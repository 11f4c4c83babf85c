"""Finding the column of a table whose cells are images or sounds themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from kerastune_ft.data.byte_cells import holds_bytes, unpack_cells
from kerastune_ft.data.files.find import IMAGES, SOUNDS, FileKind
from kerastune_ft.data.sounds.packed import packed_kind
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.scaffolding.sources.file_columns import NamedFiles

_HEAD = 16


def find_byte_files(
    frame: TextTable, cache_directory: Path, report: Callable[[str], None], given: str | None = None
) -> NamedFiles | None:
    """Return the files in the cells of a table's first column of such, or of the one that is given; None without one.

    They are unpacked into the cache.
    """
    name = given or next((name for name in frame.columns if holds_bytes(frame.cells[name])), None)
    if name is None:
        return None
    found = unpack_cells(frame, name, IMAGES, cache_directory, report)
    rows = defaultdict(list)
    for row, path in enumerate(found.paths):
        if path:
            rows[path].append(row)
    kind = _kind_of(next(iter(rows), None))
    missing = sum(not path for path in found.paths)
    return NamedFiles(kind, name, frozenset((name,)), list(rows), rows, missing, are_cells=True)


def _kind_of(path: str | None) -> FileKind:
    try:
        with open(path or "", "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return IMAGES
    is_wav = head[:4] == b"RIFF" and head[8:12] == b"WAVE"
    return SOUNDS if is_wav or packed_kind(head) else IMAGES
