"""Detecting network file systems from Linux' table of mounts."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")
_NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "gluster", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3",
    "smbfs", "sshfs", "virtiofs",
}  # fmt: skip
# The table writes the space, tab, newline and backslash of a path as octal numbers.
_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_network(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Return whether a folder is on a network or user-space file system, whose locks other machines may not see."""
    found = file_system(folder, mounts)
    return found is not None and (found in _NETWORK or found == "fuse" or found.startswith("fuse."))


def network_notes(folder: Path, mounts: Path = _MOUNTS) -> list[str]:
    """Return a warning if a cache directory is on a network file system; nothing if that is unknown."""
    if not is_network(folder, mounts):
        return []
    return [
        f"the cache directory is on a network file system ({file_system(folder, mounts)}): reading stored features is "
        "slower than from a local disk, and locks may fail; name a local folder in runtime.cache_directory or "
        "KERASTUNE_CACHE"
    ]


def file_system(folder: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the file system that holds a folder, such as ``ext4``; None if unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    place = folder.absolute().resolve()
    best: tuple[int, str] | None = None
    for line in lines:
        _, point, kind, *_ = line.split(" ")
        above = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), point))
        # Of two mounts at one place the later hides the other.
        if place.is_relative_to(above) and (best is None or len(above.parts) >= best[0]):
            best = len(above.parts), kind
    return best[1] if best else None
