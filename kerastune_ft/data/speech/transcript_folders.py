"""Folders of sounds with transcripts beside them: in a table metadata.csv, in files .trans.txt, or in a .txt each.

A table is as of Hugging Face's audio folders, a row for each file, or as of LJ Speech, without a header and with bars
between its cells. A file .trans.txt is as of LibriSpeech: on each line the name of a sound without its ending, and what
it says. Folders called train, validation and test at the top are splits, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.dialogues.text_folders import find_folders
from kerastune_ft.data.files.check import read_content
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.labels.spelling import quote
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

TABLES = ("metadata.csv", "metadata.tsv", "metadata.jsonl")
"""The tables that are looked for beside sounds."""
LISTS = ".trans.txt"
FILE_COLUMNS = ("file_name", "file", "audio", "path", "filename")
TEXT_COLUMNS = ("transcription", "transcript", "text", "sentence", "normalized_text")
"""The names of the columns of tables of transcripts: of the file of each sound, and of what it says."""
_SEPARATOR = "|"
_NO_TRANSCRIPT = "has no transcript"


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the sounds of a folder with what they say; raise DataError for sounds without a transcript."""
    found = [(split, path) for split, folder in find_folders(walk, requested, context) for path in walk.files(folder)]
    walk.refuse_unread_formats()
    if not found:
        seen = "; ".join(walk.ignored.notes()) or "its folders are empty"
        raise DataError(f"data.path: {walk.root} has {walk.file_kind.none} in it; {seen}.")
    transcripts = _Transcripts(walk.root)
    texts = [transcripts.find(Path(path)) for _, path in found]
    files = [AnnotatedFile(path, walk.relative(path), split) for split, path in found]
    missing = [file.key for file, text in zip(files, texts, strict=True) if not text]
    if missing and (options.on_missing == "error" or len(missing) == len(files)):
        raise DataError(_explain_missing(walk, options, missing, len(files), transcripts))
    kept = [index for index, text in enumerate(texts) if text]
    labels = [texts[index] or "" for index in kept]
    # Files that transcripts are read from are not left out.
    transcripts.forget_in(walk)
    skipped = tuple(SkippedFile(name, _NO_TRANSCRIPT) for name in missing)
    return Annotations([files[index] for index in kept], SingleLabels(labels), labels, transcripts.notes(), skipped)


def find_transcripts(root: Path, paths: Sequence[str]) -> list[str | None]:
    """Return what each of these sounds below a folder says; None where nothing tells.

    Raises DataError for a table whose columns are called otherwise, a file that is no text, and two transcripts of a
    sound that differ.
    """
    transcripts = _Transcripts(root)
    return [transcripts.find(Path(path)) for path in paths]


def _explain_missing(
    walk: Walk, options: FolderData, missing: Sequence[str], every: int, transcripts: _Transcripts
) -> str:
    if len(missing) == every and not transcripts.read_files:
        return (
            f"data.path: {walk.root} has {counted(every, 'sound')} and nothing that says what is spoken in them. Write "
            f"a table {TABLES[0]} beside them with the columns {FILE_COLUMNS[0]} and {TEXT_COLUMNS[0]}, or {LISTS} "
            "files, or for each sound a .txt of its name; for sounds in classes write "
            '"task": {"kind": "audio_classification"}.'
        )
    return (
        f"data.path: {counted(len(missing), 'sound')} of {every} in {options.path} without a transcript:\n"
        f"{lines([(name, '') for name in missing])}\n"
        f"Write what they say, or {how_to_skip(['on_missing'], 'them')}."
    )


class _Transcripts:
    """What sounds say, by their paths, read as it is asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_folder: dict[Path, dict[str, str]] = {}
        self._used: set[tuple[Path, str]] = set()
        self.read_files: list[Path] = []

    def find(self, path: Path) -> str | None:
        """Return what a sound says by the nearest table or file that knows it; None where none does."""
        for folder in [path.parent, *path.parent.parents]:
            known = self._open(folder)
            relative = path.relative_to(folder)
            for name in (relative.as_posix(), relative.with_suffix("").as_posix(), path.stem):
                if name in known:
                    self._used.add((folder, name))
                    return known[name]
            if folder == self._root:
                break
        beside = path.with_suffix(".txt")
        if beside.is_file():
            self.read_files.append(beside)
            return _read_text(str(beside)) or None
        return None

    def notes(self) -> list[str]:
        """Return a sentence on transcripts of files that are not there."""
        lost = [name for folder, known in self._by_folder.items() for name in known if (folder, name) not in self._used]
        if not lost:
            return []
        shown = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
        return [f"{counted(len(lost), 'transcript')} of sounds that are not there: {shown}"]

    def forget_in(self, walk: Walk) -> None:
        """Take the files that were read out of those that the walk left out."""
        for path in self.read_files:
            walk.ignored.suffixes[path.suffix.lower()] -= 1
        walk.ignored.suffixes = +walk.ignored.suffixes

    def _open(self, folder: Path) -> dict[str, str]:
        if folder not in self._by_folder:
            found: dict[str, str] = {}
            for path in [folder / name for name in TABLES if (folder / name).is_file()]:
                self.read_files.append(path)
                _add(found, _read_rows(path), path)
            for path in sorted(folder.glob(f"*{LISTS}")):
                self.read_files.append(path)
                _add(found, _read_lines(path), path)
            self._by_folder[folder] = found
        return self._by_folder[folder]


def _add(found: dict[str, str], pairs: Iterable[tuple[str, str]], path: Path) -> None:
    """Add what a file says to what is known; raise DataError for a sound with two transcripts."""
    for name, said in pairs:
        before = found.get(name)
        if before and said and before != said:
            raise DataError(
                f"data.path: {path} has another transcript of {name} than was read before, {quote(said)} and "
                f"{quote(before)}; remove the wrong one"
            )
        found[name] = said or before or ""


def _read_rows(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the names of files and what they say of a table, by the columns that such tables have."""
    first = _read_text(str(path)).split("\n", 1)[0]
    if path.suffix == ".csv" and first.count(_SEPARATOR) and not set(first.lower().split(",")) & {*FILE_COLUMNS}:
        yield from _read_bars(path)
        return
    table = read_table(path)
    names = {column.lower(): column for column in table.columns}
    file = next((names[each] for each in FILE_COLUMNS if each in names), None)
    text = next((names[each] for each in TEXT_COLUMNS if each in names), None)
    if file is None or text is None:
        lacking = FILE_COLUMNS if file is None else TEXT_COLUMNS
        raise DataError(
            f"data.path: {path} has the columns {', '.join(table.columns)}, and none called {' or '.join(lacking)}; "
            f'rename one, or write "kind": "table" with "path", "input" and "label"'
        )
    pairs = zip(table.texts(file, "data.input"), table.texts(text, "data.label"), strict=True)
    yield from ((name, said.strip()) for name, said in pairs)


def _read_bars(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the rows of a table as LJ Speech has it: a name, what is written, and the same with numbers as words."""
    for line in _read_text(str(path)).splitlines():
        name, _, rest = line.partition(_SEPARATOR)
        if name.strip():
            yield name.strip(), rest.split(_SEPARATOR)[-1].strip()


def _read_lines(path: Path) -> Iterator[tuple[str, str]]:
    for line in _read_text(str(path)).splitlines():
        name, _, said = line.strip().partition(" ")
        if name:
            yield name, said.strip()


def _read_text(path: str) -> str:
    """Return the content of a file in UTF-8; raise DataError where it is none. `data.texts` needs TensorFlow."""
    content = read_content(path, DataError)
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as problem:
        raise DataError(f"data.path: {path} is no UTF-8 text; write it in UTF-8") from problem
