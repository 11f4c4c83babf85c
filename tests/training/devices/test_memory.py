from __future__ import annotations

import resource
import stat
from pathlib import Path

import pytest

from kerastune_ft.training.devices.memory import find_limit

MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system of 8 MiB free, whose process has taken 3 MiB of addresses and 2 of data, without limits."""
    files = {
        "proc/meminfo": "MemTotal:       16384 kB\nMemAvailable:    8192 kB\nHugePages_Total:       0\n",
        "proc/self/status": "Name:\tpython\nVmSize:\t    3072 kB\nVmData:\t    2048 kB\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(resource, "getrlimit", lambda number: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return tmp_path


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_without_limits_it_is_what_the_machine_has_left(root: Path) -> None:
    limit = find_limit(("CPU",), root)
    assert limit is not None
    assert (limit.bytes, limit.source) == (8 * MIB, "the memory of this machine")
    assert find_limit(("CPU",), root / "nowhere") is None
    assert find_limit(("TPU:0",), root) is None


@pytest.mark.parametrize(
    ("number", "left", "flag"), [(resource.RLIMIT_AS, 2, "ulimit -v"), (resource.RLIMIT_DATA, 3, "ulimit -d")]
)
def test_limits_of_the_process_count_what_it_has_taken_and_what_threads_reserve(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, left: int, flag: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda each: (485 * MIB if each == number else -1, -1))
    limit = find_limit(("CPU:0", "CPU:1"), root)
    assert limit is not None
    assert limit.bytes == left * MIB
    assert flag in limit.source


def test_a_container_may_drop_pages_of_files(root: Path) -> None:
    _write(root, {
        "proc/self/cgroup": "0::/jobs/7\n",
        "sys/fs/cgroup/jobs/memory.max": str(6 * MIB),
        "sys/fs/cgroup/jobs/memory.current": str(4 * MIB),
        "sys/fs/cgroup/jobs/memory.stat": f"anon 1\ninactive_file {MIB}\n",
        "sys/fs/cgroup/jobs/7/memory.max": "max\n",
        "sys/fs/cgroup/jobs/7/memory.current": "5\n",
    })  # fmt: skip
    limit = find_limit(("CPU",), root)
    assert limit is not None
    assert limit.bytes == 3 * MIB
    assert "control group" in limit.source


def test_the_first_version_of_control_groups(root: Path) -> None:
    _write(root, {
        "proc/self/cgroup": "3:cpu,cpuacct:/a\n9:memory:/a\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": str(4 * MIB),
        "sys/fs/cgroup/memory/a/memory.usage_in_bytes": str(3 * MIB),
        "sys/fs/cgroup/memory/a/memory.stat": "total_inactive_file 0\n",
    })  # fmt: skip
    limit = find_limit(("CPU",), root)
    assert limit is not None and limit.bytes == MIB


def test_a_gpu_is_asked_of_its_driver(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = root / "bin" / "nvidia-smi"
    _write(root, {"bin/nvidia-smi": '#!/bin/sh\ntest "$1" = --query-gpu=memory.free || exit 1\necho 4096\necho 1024\n'})
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    limit = find_limit(("GPU:0", "GPU:1"), root)
    assert limit is not None
    assert (limit.bytes, limit.source) == (1024 * MIB, "the memory of a GPU")
    program.write_text("#!/bin/sh\nexit 9\n")
    assert find_limit(("GPU:0",), root) is None
    monkeypatch.setenv("PATH", str(root))
    assert find_limit(("GPU:0",), root) is None
