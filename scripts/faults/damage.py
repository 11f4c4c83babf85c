"""Damage to the files of a run that was killed: corrupt checkpoints and stored features, and a full disk."""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

KINDS = ("cut short", "emptied", "header garbled", "values garbled")
SHARD_KINDS = ("shard cut short", "shard garbled")


def newest_checkpoint(run: Path) -> Path | None:
    """Return the newest checkpoint of the unfinished phase, or None."""
    begun = [folder for folder in run.glob("[pr]*/*-*") if not (folder / "result.json").exists()]
    return max((path for folder in begun for path in folder.glob("checkpoint/0*.safetensors")), default=None)


def damage(path: Path, draw: random.Random) -> str:
    """Damage a file as a failing disk would, and return the kind of damage."""
    content = bytearray(path.read_bytes())
    kind = draw.choice(KINDS)
    header = 8 + int.from_bytes(content[:8], "little")
    if kind == "cut short":
        del content[draw.randrange(1, len(content)) :]
    elif kind == "emptied":
        content.clear()
    else:
        first, last = (8, header) if kind == "header garbled" else (header, len(content))
        content[draw.randrange(first, last)] ^= 0xFF
    path.write_bytes(content)
    return kind


def a_shard(cache: Path, draw: random.Random) -> Path | None:
    """Return the rows or the index file of a random shard, or None if none is committed."""
    committed = sorted(cache.glob("features/*/shards/*.index"))
    if not committed:
        return None
    index = draw.choice(committed)
    return draw.choice((index, index.with_suffix(".rows")))


def damage_shard(path: Path, draw: random.Random) -> str:
    """Damage a file of stored features and return the kind of damage; its modification time changes too."""
    content = bytearray(path.read_bytes())
    kind = draw.choice(SHARD_KINDS)
    if kind == "shard cut short":
        del content[draw.randrange(len(content)) :]
    else:
        content[draw.randrange(len(content))] ^= 0xFF
    path.write_bytes(content)
    return kind


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """Mount a disk of so many bytes at a folder; yield False if mounting is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "chaos", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], capture_output=True, check=True)
