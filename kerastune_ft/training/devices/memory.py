"""The memory that this process may still take: limits of the process, its control group, the machine, or the GPUs.

Nothing here needs TensorFlow: a limit is read from the operating system, or asked of the GPUs' driver.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20
# What threads reserve and never use, stacks and arenas of the allocator, counts for the limits of a process; measured
# with two cores.
_RESERVED = 480 * _MIB
# A driver that does not answer is left alone.
_SECONDS = 10.0


@dataclass(frozen=True)
class MemoryLimit:
    """A known limit of memory: what may still be taken now, in bytes, and what sets the limit."""

    bytes: int
    source: str


def find_limit(names: tuple[str, ...], root: Path = Path("/"), allowed: int | None = None) -> MemoryLimit | None:
    """Return the tightest limit that is known for devices of these names, None where none is.

    On GPUs it is the free memory of one of them, or the bytes that are `allowed` on each. On a CPU, whose memory the
    whole process shares, it is the smallest of what the process, its control group (a container, a job of a batch
    system) and the machine leave.
    """
    if any("GPU" in name for name in names):
        found = list(_read_gpus())
        found += [] if allowed is None else [MemoryLimit(allowed, "runtime.gpu_memory")]
    elif any("TPU" in name for name in names):
        found = []
    else:
        found = [*_read_process(root), *_read_control_groups(root), *_read_machine(root)]
    return min(found, key=lambda limit: limit.bytes, default=None)


def _read_gpus() -> Iterator[MemoryLimit]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    words = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=True)
        for line in done.stdout.split():
            yield MemoryLimit(int(line) * _MIB, "the memory of a GPU")


def _read_process(root: Path) -> Iterator[MemoryLimit]:
    """Yield the limits of the process itself, as `ulimit` sets them."""
    try:
        import resource
    except ImportError:
        return
    taken = _read_sizes(root / "proc/self/status")
    for number, size, flag in ((resource.RLIMIT_AS, "VmSize", "v"), (resource.RLIMIT_DATA, "VmData", "d")):
        allowed = resource.getrlimit(number)[0]
        if allowed != resource.RLIM_INFINITY and size in taken:
            yield MemoryLimit(allowed - taken[size] - _RESERVED, f"the limit of this process (ulimit -{flag})")


def _read_machine(root: Path) -> Iterator[MemoryLimit]:
    sizes = _read_sizes(root / "proc/meminfo")
    if "MemAvailable" in sizes:
        yield MemoryLimit(sizes["MemAvailable"], "the memory of this machine")


def _read_sizes(path: Path) -> dict[str, int]:
    """Return the sizes in a file of lines like `VmSize: 12 kB`, in bytes by name."""
    found = {}
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if value.endswith(" kB"):
                found[name] = int(value[: -len(" kB")]) * 1024
    return found


def _read_control_groups(root: Path) -> Iterator[MemoryLimit]:
    """Yield the limits of the control groups that this process is in, the inner and those around it."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                files, base = ("memory.max", "memory.current", "inactive_file"), root / "sys/fs/cgroup"
            elif "memory" in controllers.split(","):
                files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                base = root / "sys/fs/cgroup/memory"
            else:
                continue
            inner = base / path.strip("/")
            for folder in (inner, *inner.parents):
                if folder == base or base in folder.parents:
                    yield from _read_control_group(folder, *files)


def _read_control_group(folder: Path, limit: str, taken: str, reclaimed: str) -> Iterator[MemoryLimit]:
    """Yield the limit of one control group; pages of files that it may drop are free."""
    with contextlib.suppress(OSError, ValueError):
        allowed, used = (int((folder / name).read_text()) for name in (limit, taken))
        lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        files = next((int(value) for name, value in lines if name == reclaimed), 0)
        yield MemoryLimit(allowed - used + files, "the memory limit of the container or job (control group)")
