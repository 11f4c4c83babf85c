"""The processor, the memory and the disk that a run may use."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING, Finding, Section
from kerastune_ft.training.devices.memory import find_limit
from kerastune_ft.wording import counted

# Of the flags of processors those that TensorFlow has kernels for.
_FLAGS = ("avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8",
          "asimd", "sve", "bf16", "i8mm")  # fmt: skip
_INTEL = ("x86_64", "AMD64")
# What a process with TensorFlow and a small model takes, and what a run directory of one does.
_LITTLE_MEMORY, _LITTLE_DISK = 2 << 30, 1 << 30


def examine_machine(root: Path = Path("/")) -> Section:
    """Return the processor with its flags, and the memory and the disk that are free."""
    name, flags = read_processor(root)
    usable, total = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    quota = read_quota(root)
    said = f"{name}, {counted(usable, 'core')}" + (f" of {total}" if usable < total else "")
    said += f", by the container {quota:g}" if quota is not None and quota < usable else ""
    findings = [Finding(f"{said}; {' '.join(flags) or 'no flags known'}")]
    if platform.machine() in _INTEL and flags and "avx" not in flags:
        findings.append(
            Finding("the processor has no AVX, without which TensorFlow's wheels end by SIGILL", BROKEN,
                    "run on another machine, or build TensorFlow for this one")
        )  # fmt: skip
    if quota is not None and quota < usable:
        findings.append(
            Finding(
                f"TensorFlow starts threads for {counted(usable, 'core')} and may use {quota:g}",
                NOTE,
                f"export TF_NUM_INTRAOP_THREADS={max(1, round(quota))} OMP_NUM_THREADS={max(1, round(quota))}",
            )
        )
    facts = {"processor": name, "flags": flags, "cores": usable, "all_cores": total, "quota": quota}
    memory, left = _examine_memory(root)
    disks, free = _examine_disks()
    return Section("machine", [*findings, *memory, *disks], {**facts, "memory": left, "free_disk": free})


def read_processor(root: Path) -> tuple[str, list[str]]:
    """Return the name of the processor and which of the flags that matter it has."""
    name, flags = platform.processor() or platform.machine(), set[str]()
    with contextlib.suppress(OSError):
        for line in (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = (part.strip() for part in line.partition(":"))
            if key == "model name":
                name = value
            if key in ("flags", "Features"):
                flags |= set(value.split())
                break
    return name, [flag for flag in _FLAGS if flag in flags]


def read_quota(root: Path) -> float | None:
    """Return how many cores the control group of this process may use at once; None where there is no limit."""
    with contextlib.suppress(OSError, ValueError):
        allowed, period = (root / "sys/fs/cgroup/cpu.max").read_text().split()
        return None if allowed == "max" else int(allowed) / int(period)
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        allowed, period = ((root / f"sys/fs/cgroup/cpu/cpu.cfs_{kind}_us").read_text() for kind in ("quota", "period"))
        return int(allowed) / int(period) if int(allowed) > 0 else None
    return None


def _examine_memory(root: Path) -> tuple[list[Finding], int | None]:
    limit = find_limit(("CPU",), root)
    if limit is None:
        return [Finding("how much memory is left is not known", NOTE)], None
    text = f"memory: {size_text(max(0, limit.bytes))} may be taken; the limit is {limit.source}"
    if limit.bytes >= _LITTLE_MEMORY:
        return [Finding(text)], limit.bytes
    return [
        Finding(f"{text}; TensorFlow with a small model takes 1 to 2 GB", WARNING, "end other programs")
    ], limit.bytes


def _examine_disks() -> tuple[list[Finding], dict[str, int]]:
    findings, free = [], {}
    for what, place in (("the working directory", os.getcwd()), ("temporary files", tempfile.gettempdir())):
        free[place] = shutil.disk_usage(place).free
        text = f"disk: {size_text(free[place])} free for {what} ({place})"
        is_little = free[place] < _LITTLE_DISK
        findings.append(
            Finding(text, WARNING, "free some, or work elsewhere; TMPDIR names the place of temporary files")
            if is_little
            else Finding(text)
        )
    return findings, free
