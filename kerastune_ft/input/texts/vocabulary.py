"""The vocabulary among the files of a tokenizer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_FOLDER = "assets/"


def hash_vocabulary(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over the vocabulary among the files of a tokenizer, which are given by path."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if name.startswith(_FOLDER):
            digest.update(name.encode() + content)
    return digest.hexdigest()
