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
_HASH, _BEFORE = "exclude_sha256", "exclude_before_sha256"


def check_folder(folder: Path) -> None:
    """Raise ConfigError where a check cannot be written to a folder, as where it holds something else."""
    refuse_inside_run(folder, "--output")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output: {folder} is a file; name a folder")
    # What a killed process had half written is nobody's.
    if folder.is_dir() and RunDirectory(folder).list_files("") and not (folder / FINDINGS).is_file():
        raise ConfigError(f"--output: {folder} holds something else than a check; name another folder, or an empty one")


def choose_list(folder: Path) -> Path:
    """Return where the list of a check goes: a list that was changed since the last check wrote it is kept."""
    return folder / (ANEW if _is_changed(RunDirectory(folder)) else EXCLUDE)


def write_check(folder: Path, document: Mapping[str, Any], page: str, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write page, findings and list into a folder, each whole or not at all; return the path of the list.

    Killed anywhere, the same check goes well again: the findings, which make it a folder of a check, come first, and
    know the list that is there and the one that will be.
    """
    target, content = RunDirectory(folder), _format_rows(rows)
    name, before = choose_list(folder).name, _hash_list(target)
    is_replaced = name == EXCLUDE and before is not None
    known = hashlib.sha256(content).hexdigest() if name == EXCLUDE else _read_hash(target)
    findings = {**document, _HASH: known}
    target.commit_json(FINDINGS, {**findings, _BEFORE: before} if is_replaced else findings)
    target.commit(name, content)
    target.commit(PAGE, encode_text(page))
    if is_replaced:
        target.commit_json(FINDINGS, findings)
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
    found = _hash_list(target)
    return found is not None and found not in (_read_hash(target), _read_hash(target, _BEFORE))


def _hash_list(target: RunDirectory) -> str | None:
    return hashlib.sha256(target.read_bytes(EXCLUDE)).hexdigest() if target.exists(EXCLUDE) else None


def _read_hash(target: RunDirectory, key: str = _HASH) -> str | None:
    known = target.read_json(FINDINGS) if target.exists(FINDINGS) else {}
    found = known.get(key) if isinstance(known, dict) else None
    return str(found) if found else None
