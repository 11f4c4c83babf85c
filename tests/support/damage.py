"""Damaged copies of files, drawn by seed: cut, flipped, overwritten, and named as what they are not."""

from __future__ import annotations

import numpy as np


def damage(content: bytes, draw: np.random.Generator) -> bytes:
    """A damaged copy of a file: one or two things of those that happen to files."""
    for _ in range(int(draw.integers(1, 3))):
        content = _DAMAGES[int(draw.integers(len(_DAMAGES)))](content, draw)
    return content


def _place(content: bytes, draw: np.random.Generator) -> int:
    # Headers are short and say most.
    end = min(len(content), 200) if draw.integers(2) else len(content)
    return int(draw.integers(0, max(1, end)))


def _cut(content: bytes, draw: np.random.Generator) -> bytes:
    return content[: _place(content, draw)]


def _flip(content: bytes, draw: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    for _ in range(int(10 ** draw.uniform(0, 2))):
        if damaged:
            damaged[_place(content, draw)] ^= 1 << int(draw.integers(8))
    return bytes(damaged)


def _overwrite(content: bytes, draw: np.random.Generator) -> bytes:
    at, length = _place(content, draw), int(draw.integers(1, 16))
    filling = (b"\0" * length, b"\xff" * length, draw.bytes(length))[int(draw.integers(3))]
    return content[:at] + filling + content[at + length :]


def _insert(content: bytes, draw: np.random.Generator) -> bytes:
    at = _place(content, draw)
    return content[:at] + draw.bytes(int(draw.integers(1, 40))) + content[at:]


def _remove(content: bytes, draw: np.random.Generator) -> bytes:
    at = _place(content, draw)
    return content[:at] + content[at + int(draw.integers(1, 40)) :]


def _exchange_numbers(content: bytes, draw: np.random.Generator) -> bytes:
    at = _place(content, draw)
    number = int(draw.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00FFFFFF, 65535]))
    order = "big" if draw.integers(2) else "little"
    return content[:at] + number.to_bytes(4, order) + content[at + 4 :]


def _repeat(content: bytes, draw: np.random.Generator) -> bytes:
    at = _place(content, draw)
    return content[:at] + content[max(0, at - 64) :]


_DAMAGES = (_cut, _flip, _overwrite, _insert, _remove, _exchange_numbers, _repeat)
