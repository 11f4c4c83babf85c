"""GPUs of this machine and their driver, as the operating system knows them; TensorFlow is not asked."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_NVIDIA, _AMD = "0x10de", "0x1002"
_DISPLAY = "0x03"
# A driver that does not answer is left alone.
_SECONDS = 20.0
_FIELDS = ("name", "driver_version", "memory.total", "memory.free", "compute_cap")
# The oldest driver that runs programs of a major version of CUDA (NVIDIA's CUDA compatibility, minor versions).
OLDEST_DRIVER: Mapping[int, int] = {11: 450, 12: 525, 13: 580}
# What TensorFlow loads when it looks for GPUs, by the major version of CUDA; the rest is loaded by these.
LIBRARIES: Mapping[int, tuple[str, ...]] = {
    12: ("libcudart.so.12", "libcublas.so.12", "libcufft.so.11", "libcusolver.so.11", "libcusparse.so.12"),
    13: ("libcudart.so.13", "libcublas.so.13", "libcufft.so.12", "libcusolver.so.12", "libcusparse.so.12"),
}


@dataclass(frozen=True)
class Gpu:
    """A GPU as its driver describes it; memory in bytes."""

    name: str
    driver: str
    total: int
    free: int
    capability: str

    @property
    def release(self) -> int:
        """Return the first number of the driver's version."""
        return int(self.driver.split(".")[0])


@dataclass(frozen=True)
class Hardware:
    """What of GPUs is in the machine, in /dev, and behind a driver that answers."""

    nvidia: int
    """NVIDIA's display controllers on the PCI bus."""
    amd: int
    files: int
    """Device files of NVIDIA GPUs, which a container may lack."""
    is_wsl: bool
    driver: str
    """The version of the kernel's driver; empty where none is loaded."""
    gpus: Sequence[Gpu]
    refusal: str
    """What nvidia-smi said where it failed."""

    @property
    def is_there(self) -> bool:
        """Return whether there is an NVIDIA GPU, usable or not."""
        return bool(self.nvidia or self.files or self.gpus or self.is_wsl)


def find_hardware(root: Path = Path("/")) -> Hardware:
    """Return the GPUs under this root; those behind the driver are asked of nvidia-smi, where it is installed."""
    vendors = [
        _read_text(device / "vendor").lower()
        for device in (root / "sys/bus/pci/devices").glob("*")
        if _read_text(device / "class").startswith(_DISPLAY)
    ]
    gpus, refusal = _ask_driver()
    version = re.search(r"\b(\d{3}\.\d+(?:\.\d+)?)\b", _read_text(root / "proc/driver/nvidia/version"))
    return Hardware(
        vendors.count(_NVIDIA),
        vendors.count(_AMD),
        len(list((root / "dev").glob("nvidia[0-9]*"))),
        (root / "dev/dxg").exists(),
        version[1] if version else gpus[0].driver if gpus else "",
        gpus,
        refusal,
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _ask_driver() -> tuple[list[Gpu], str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return [], ""
    words = [program, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        return [], f"nvidia-smi: {error}"
    if done.returncode:
        said = (done.stdout or done.stderr).strip().splitlines()
        return [], said[0] if said else f"nvidia-smi ended with {done.returncode}"
    return [gpu for line in done.stdout.splitlines() if (gpu := _parse_row(line))], ""


def _parse_row(line: str) -> Gpu | None:
    cells = [cell.strip() for cell in line.split(",")]
    with contextlib.suppress(ValueError, IndexError):
        name, driver, total, free, capability = cells
        return Gpu(name, driver, int(total) << 20, int(free) << 20, capability)
    return None


def find_missing_libraries(cuda: int, cudnn: str) -> list[str]:
    """Return which of the libraries that TensorFlow was built for can be found neither in packages nor by the loader.

    `cuda` and `cudnn` are the major versions that TensorFlow names.
    """
    wanted = [*LIBRARIES.get(cuda, ()), f"libcudnn.so.{cudnn}"]
    packages = importlib.util.find_spec("nvidia")
    folders = [Path(place) for place in (packages.submodule_search_locations or ())] if packages else []
    return [name for name in wanted if not _in_packages(name, folders) and not _can_load(name)]


def _in_packages(name: str, folders: Sequence[Path]) -> bool:
    return any(next(folder.glob(f"*/lib/{name}"), None) is not None for folder in folders)


def _can_load(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
