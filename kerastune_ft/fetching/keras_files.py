"""The files that keras.applications asks for, brought by another than Keras, which neither resumes nor waits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def replace_get_file(fetch: Callable[[str, str, str], str]) -> Iterator[None]:
    """Let the models of keras.applications get their files by `fetch(name, url, digest)`, which returns a path.

    The digest is hexadecimal, of MD5 or SHA-256, or empty.
    """
    from keras.src.utils import file_utils

    before = file_utils.get_file

    def get_file(fname: str | None = None, origin: str | None = None, **options: Any) -> str:
        digest = options.get("file_hash") or options.get("md5_hash") or ""
        return fetch(fname or str(origin).rsplit("/", 1)[-1], str(origin), digest)

    file_utils.get_file = get_file
    try:
        yield
    finally:
        file_utils.get_file = before
