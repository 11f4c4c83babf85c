"""Masks that lie in no file of their own: drawn once from other annotations, and kept in the cache as PNG files."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.durable import write_whole
from kerastune_ft.stores.cached_folder import explain_cache

_FOLDER = "masks"


def draw_masks(digests: Sequence[str], draw: Callable[[int], np.ndarray], cache_directory: Path) -> list[str]:
    """Return the paths of masks, by what they follow from; those that the cache lacks are drawn.

    `digests` are SHA-256 (hex) of everything that a mask follows from, `draw` returns the mask with an index as uint8
    [height, width]. Several threads call it. Raises ConfigError where the cache cannot be written, and ResourceError
    where the disk is full.
    """
    folder = cache_directory / _FOLDER
    paths = [folder / f"{digest[:40]}.png" for digest in digests]
    missing = {path: index for index, path in enumerate(paths) if not path.exists()}

    def write(place: tuple[Path, int]) -> None:
        path, index = place
        written = io.BytesIO()
        Image.fromarray(draw(index)).save(written, "PNG")
        write_whole(path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial"), path, written.getvalue())

    with explain_cache(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(min(16, 2 + (os.cpu_count() or 1))) as pool:
            for _ in pool.map(write, missing.items()):
                pass
    return [str(path) for path in paths]
