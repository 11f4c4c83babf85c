"""The folder of a check: its page, its findings, and the list of examples that may be left out."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.data.exclude import COLUMNS
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.storage import path_of
from kerastune_ft.wording import encode_text

PAGE, FINDINGS, EXCLUDE, ANEW = "index.html", "findings.json", "exclude.csv", "exclude-new.csv"
_HASH = "exclude_sha256"


def check_folder(folder: Path) -> None:
    """Raise ConfigError where a check cannot be written to a folder, as where it holds something else."""
    refuse_inside_run(folder, "--output")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output: {folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FINDINGS).is_file():
        raise ConfigError(f"--output: {folder} holds something else than a check; name another folder, or an empty one")


def choose_list(folder: Path) -> Path:
    """Return where the list of a check goes: a list that was changed since the last check wrote it is kept."""
    return folder / (ANEW if _is_changed(RunDirectory(folder)) else EXCLUDE)


def write_check(folder: Path, document: Mapping[str, Any], page: str, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write page, findings and list into a folder, each whole or not at all; return the path of the list."""
    target = RunDirectory(folder)
    content = _format_rows(rows)
    name = choose_list(folder).name
    target.commit(name, content)
    target.commit(PAGE, encode_text(page))
    known = hashlib.sha256(content).hexdigest() if name == EXCLUDE else _read_hash(target)
    target.commit_json(FINDINGS, {**document, _HASH: known})
    return folder / name


def keep_earlier_rows(file: str | None, rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return rows behind those of the list that the configuration leaves out already, so that one list has all."""
    if file is None:
        return [dict(row) for row in rows]
    text = path_of(file).read_bytes().decode("utf-8-sig")
    earlier = [
        {column: row.get(column) or "" for column in COLUMNS} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]
    known = {row[COLUMNS[0]] for row in earlier}
    return [*earlier, *(dict(row) for row in rows if row[COLUMNS[0]] not in known)]


def _format_rows(rows: Sequence[Mapping[str, str]]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return encode_text(written.getvalue())


def _is_changed(target: RunDirectory) -> bool:
    if not target.exists(EXCLUDE):
        return False
    return hashlib.sha256(target.read_bytes(EXCLUDE)).hexdigest() != _read_hash(target)


def _read_hash(target: RunDirectory) -> str | None:
    known = target.read_json(FINDINGS) if target.exists(FINDINGS) else {}
    found = known.get(_HASH) if isinstance(known, dict) else None
    return str(found) if found else None
