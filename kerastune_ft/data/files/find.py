"""Finding the files of class folders, images, sounds or texts: what is taken, and what is left out and must be said."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.data.files.left_out import is_left_out, may_be_thumbnails
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted, encode_text

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".dcm", ".dicom")
)
TEXT_SUFFIXES = frozenset((".txt",))
SOUND_SUFFIXES = frozenset((".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3"))
_PACKED_SOUNDS = frozenset((".m4a", ".aac", ".aif", ".aiff", ".wma"))
# Line ends, and what tells a terminal to do something; letters that are not printable by Unicode's rules stay.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DICOM_MARK, _MARK_END, _DICOM_DIRECTORY = b"DICM", 132, "DICOMDIR"


@dataclass(frozen=True)
class FileKind:
    """The sort of files that a walk looks for."""

    noun: str
    suffixes: frozenset[str]
    formats: str
    example: str
    """The end of a usual file's name."""
    template: str = ""
    """An example of a template by which a table names such files."""
    refused: frozenset[str] = frozenset()
    """The ends of the names of files in a form that is better converted than passed over."""
    refused_noun: str = ""
    remedy: str = ""
    """The remedy for such files: how to convert them."""
    conversion: str = ""
    """The same in a few words."""
    is_wanted: Callable[[str], bool] | None = None
    """Tells by content whether a file is wanted whose name says nothing."""

    def takes(self, path: str) -> bool:
        """Return whether a file is of this kind by its suffix or, where its name has none, by its content."""
        suffix = os.path.splitext(path)[1].lower()
        if suffix in self.suffixes:
            return True
        # Names such as 1.2.840.113 are numbers, and what follows their last dot is no suffix.
        return self.is_wanted is not None and not suffix[1:].isalpha() and self.is_wanted(path)

    @property
    def none(self) -> str:
        """Return how it is said that there is none."""
        return f"no {self.noun} ({self.formats})"


def has_dicom_mark(path: str) -> bool:
    """Return whether a local file has the mark of DICOM; the directory of a DICOM medium has it too, and is none."""
    if storage.is_remote(path) or os.path.basename(path).upper() == _DICOM_DIRECTORY:
        return False
    try:
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return file.read(_MARK_END)[-len(_DICOM_MARK) :] == _DICOM_MARK
    except (OSError, ValueError):
        return False


IMAGES = FileKind(
    "image",
    IMAGE_SUFFIXES,
    "JPEG, PNG, BMP, GIF, WebP, TIFF or DICOM",
    ".jpg",
    "images/{image_id}.png",
    conversion="convert other forms to PNG",
    is_wanted=has_dicom_mark,
)
SOUNDS = FileKind(
    "sound",
    SOUND_SUFFIXES,
    "WAV, FLAC, OGG or MP3",
    ".wav",
    "sounds/{sound_id}.wav",
    _PACKED_SOUNDS,
    "sound file of another form",
    "WAV, FLAC, OGG and MP3 are read.\nConvert them first, for instance: ffmpeg -i sound.m4a sound.wav",
    "convert other forms to WAV",
)
TEXTS = FileKind("text", TEXT_SUFFIXES, ".txt", ".txt", conversion="write them in UTF-8")


@dataclass
class Ignored:
    """The files and folders that a walk left out: hidden ones, other suffixes, links to folders seen before."""

    file_kind: FileKind
    folders: Counter[str] = field(default_factory=Counter)
    hidden_files: int = 0
    suffixes: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)

    def count_refused(self) -> int:
        """Return how many files were left out that are better converted than passed over."""
        return sum(count for suffix, count in self.suffixes.items() if suffix in self.file_kind.refused)

    def notes(self) -> list[str]:
        """Return one sentence for each sort of thing left out."""
        notes = []
        if self.folders:
            notes.append(f"ignored folders: {_counts_text(self.folders)}")
        if self.hidden_files:
            notes.append(f"ignored {counted(self.hidden_files, 'hidden file')} (a dot begins the name)")
        if self.suffixes:
            notes.append(
                f"ignored files that are no {self.file_kind.noun}s by their suffix: {_counts_text(self.suffixes)}"
            )
        if self.links:
            notes.append(f"ignored links to folders that are read already: {', '.join(self.links[:20])}")
        return notes


class Walk:
    """A walk through a data folder that enters every real folder once, so that no loop of links holds it."""

    def __init__(
        self,
        root: Path,
        is_tolerant: bool = False,
        takes_refused: bool = False,
        file_kind: FileKind = IMAGES,
        rules: Rules = NEWEST,
    ):
        """A tolerant walk goes on past folders that cannot be read, and keeps why in `unreadable`.

        With `takes_refused`, files of refused forms, as M4A, are found as all others are, for whoever tells of each
        why it cannot be read. `rules` say which folders hold no data.
        """
        self.root = root
        self.file_kind = file_kind
        self.rules = rules
        self.ignored = Ignored(file_kind)
        self._prefix = os.path.join(root, "")
        self.unreadable: dict[str, str] = {}
        self._is_tolerant = is_tolerant
        self._suffixes = file_kind.suffixes | file_kind.refused if takes_refused else file_kind.suffixes
        self._seen = {storage.real(root)}

    def subfolders(self, folder: Path) -> list[str]:
        """Return the names of a folder's sub-folders in order, without hidden ones; they count as entered."""
        names = []
        for entry in _entries(folder):
            if _is_folder(entry) and not self._is_ignored_folder(entry) and self._enters(entry):
                names.append(entry.name)
        return names

    def files(self, folder: Path) -> list[str]:
        """Return the paths of all files that are looked for in a folder and below it, in order."""
        found: list[str] = []
        for entry in self._read_entries(folder):
            if _is_folder(entry):
                if not self._is_ignored_folder(entry) and self._enters(entry):
                    found += self.files(storage.path_of(entry.path))
            elif self._is_wanted(entry.name, entry.path):
                found.append(entry.path)
        return found

    def holds(self, folder: Path) -> bool:
        """Tell whether a folder has files that are looked for directly in it."""
        return holds(folder, self.file_kind)

    def refuse_unread_formats(self) -> None:
        """Raise DataError where there were files in a form that is better converted than passed over."""
        if refused := self.ignored.count_refused():
            said = counted(refused, self.file_kind.refused_noun)
            raise DataError(f"data.path: {self.root} has {said} in it; {self.file_kind.remedy}")

    def relative(self, path: str) -> str:
        """Return a file's path below the root as text with slashes that can be printed on one line."""
        # What the walk found begins with the root; comparing whole paths takes seconds for many files.
        inside = path.startswith(self._prefix)
        text = (path[len(self._prefix) :] if inside else storage.relative(path, self.root)).replace(os.sep, "/")
        text = encode_text(text).decode()
        return text if text.isprintable() else _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)

    def _read_entries(self, folder: Path) -> list[storage.Entry]:
        try:
            return _entries(folder)
        except DataError as problem:
            if not self._is_tolerant:
                raise
            self.unreadable[str(folder)] = getattr(problem.__cause__, "strerror", None) or str(problem)
            return []

    def _enters(self, entry: storage.Entry) -> bool:
        real = storage.real(entry.path)
        if real in self._seen:
            self.ignored.links.append(self.relative(entry.path))
            return False
        self._seen.add(real)
        return True

    def _is_ignored_folder(self, entry: storage.Entry) -> bool:
        is_ignored = is_left_out(entry.name, self.rules)
        if not is_ignored and may_be_thumbnails(entry.name, self.rules):
            # Beside the files themselves, or with folders of its own, it is no class.
            place = storage.path_of(entry.path)
            is_ignored = self.holds(place.parent) or not self.holds(place)
        if is_ignored:
            self.ignored.folders[entry.name] += 1
        return is_ignored

    def _is_wanted(self, name: str, path: str) -> bool:
        suffix = os.path.splitext(name)[1].lower()
        if name.startswith("."):
            self.ignored.hidden_files += 1
        elif suffix in self._suffixes or self.file_kind.takes(path):
            return True
        else:
            self.ignored.suffixes[suffix or "no suffix"] += 1
        return False


def holds(folder: Path, file_kind: FileKind = IMAGES) -> bool:
    """Tell whether a folder has files that are looked for directly in it."""
    return any(
        not _is_folder(entry) and not entry.name.startswith(".") and file_kind.takes(entry.path)
        for entry in _entries(folder)
    )


def _entries(folder: Path) -> list[storage.Entry]:
    try:
        return storage.entries(folder)
    except OSError as problem:
        raise DataError(f"data.path: the folder {folder} cannot be read: {problem.strerror}.") from problem


def _is_folder(entry: storage.Entry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself; it is reported as a missing file where its name is an image's.
        return False


def _counts_text(names: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in names.most_common(20))
