from __future__ import annotations

import platform
from pathlib import Path

import pytest

from kerastune_ft.doctor import machine
from kerastune_ft.doctor.finding import BROKEN, NOTE, WARNING, Finding
from kerastune_ft.training.devices.memory import MemoryLimit


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def find(findings: list[Finding], level: str) -> list[str]:
    return [finding.text for finding in findings if finding.level == level]


def test_the_processor_is_named_with_its_flags(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", "model name\t: Fast One\nflags\t\t: fpu avx sse avx2 amx_tile\n\nflags\t: fpu\n")
    assert machine.read_processor(tmp_path) == ("Fast One", ["avx", "avx2", "amx_tile"])


def test_a_processor_without_avx_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    write(tmp_path, "proc/cpuinfo", "flags : fpu f16c\n")
    (broken,) = find(list(machine.examine_machine(tmp_path).findings), BROKEN)
    assert "SIGILL" in broken


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_share_of_a_container_is_read(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)
    assert machine.read_quota(tmp_path) == quota


def test_threads_for_more_cores_than_may_be_used_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)))
    write(tmp_path, "sys/fs/cgroup/cpu.max", "150000 100000\n")
    notes = [finding for finding in machine.examine_machine(tmp_path).findings if finding.level == NOTE]
    assert "8 cores and may use 1.5" in notes[0].text and "TF_NUM_INTRAOP_THREADS=2" in notes[0].remedy


def test_little_memory_and_disk_are_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_limit", lambda names, root: MemoryLimit(500 << 20, "the container"))
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 5 << 20}))
    warnings = find(list(machine.examine_machine(tmp_path).findings), WARNING)
    assert len(warnings) == 3 and "the limit is the container" in warnings[0] and "free" in warnings[1]
