"""Files of pictures that predictions write into a folder: their names, and which are not theirs to replace."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from kerastune_ft.errors import ConfigError

MARK = "kerastune_ft predict"
"""Text in every picture, by which a later command knows that it may replace it."""


class PictureNames:
    """Gives each input a name in a folder that no other input has."""

    def __init__(self, folder: Path, suffix: str) -> None:
        """Names end with `suffix`, such as `.png`."""
        self._folder, self._suffix, self._used = folder, suffix, set[str]()

    def choose(self, given: str) -> str:
        """Return the name for an input, after its own; never that of the input itself."""
        stem = PurePath(given.replace("[", "-").replace("]", "")).stem or "image"
        name, number = f"{stem}{self._suffix}", 1
        while name in self._used or _is_input(self._folder / name, given):
            number += 1
            name = f"{stem}-{number}{self._suffix}"
        self._used.add(name)
        return name


def make_folder(folder: Path) -> None:
    """Make a folder of --output with those above it; raise ConfigError where that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"--output: the folder {folder} cannot be made ({reason}); name another") from error


def find_foreign(folder: Path, suffix: str, key: str) -> str | None:
    """Return the name of a picture in a folder that no prediction wrote there; None where there is none to lose.

    Pictures end with `suffix` and bear `MARK` in what Pillow calls `key`.
    """
    if not folder.is_dir():
        return None
    return next((path.name for path in sorted(folder.glob(f"*{suffix}")) if not _is_own(path, key)), None)


def _is_own(path: Path, key: str) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.info.get(key) in (MARK, MARK.encode())
    except (OSError, ValueError, SyntaxError):
        return False


def _is_input(path: Path, given: str) -> bool:
    """Return whether a file is the input image itself, which must not be overwritten."""
    try:
        return path.exists() and os.path.samefile(path, given)
    except OSError:
        return False
