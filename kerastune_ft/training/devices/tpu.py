"""Preparation of a TPU before TensorFlow is imported: finding it, its library, and the environment.

Nothing here imports TensorFlow or loads the TPU's library: without a TPU that library waits for minutes, and in a
release that no longer serves TensorFlow it ends the process.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import mmap
import os
import sys
from pathlib import Path

# The PCI vendor is Google, whose network and disk devices are on every VM of theirs; the devices are TPU v2 to v6e.
_VENDOR = "0x1ae0"
_CHIPS = frozenset({"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"})
# What TensorFlow calls in the library; releases made for JAX alone, and so the newest ones, lack it.
_ENTRY_POINT = b"\0ConfigureDistributedTpuOp_DoWork\0"
# Two steps, since tensorflow and tensorflow-tpu are files of the same names, and the last one installed stays.
_PACKAGES = (
    'python -m pip install "tensorflow==2.20.*" "tensorflow-text==2.20.*" "tensorflow-tpu==2.20.*" "libtpu==0.0.14", '
    'then python -m pip install --force-reinstall --no-deps "tensorflow-tpu==2.20.*"'
)
_FLAGS = (
    "--tf_mlir_enable_mlir_bridge=true "
    "--tf_mlir_enable_convert_control_to_data_outputs_pass=true "
    "--tf_mlir_enable_merge_control_flow_pass=true"
)


def is_there(root: Path = Path("/")) -> bool:
    """Return whether this machine has a TPU, or TPU_NAME names one; reads a few small files under `root`."""
    if os.environ.get("TPU_NAME"):
        return True
    if any((root / "dev").glob("accel[0-9]*")):
        return True
    # The device files of later generations are those of any PCI device that is handed to a program.
    return any((root / "dev/vfio").glob("[0-9]*")) and any(
        _read_text(device / "vendor") == _VENDOR and _read_text(device / "device") in _CHIPS
        for device in (root / "sys/bus/pci/devices").glob("*")
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text().strip().lower()
    except OSError:
        return ""


def library(root: Path = Path("/")) -> Path | None:
    """Return the path of the TPU's library: what the environment says, the package libtpu, or the system's."""
    given = os.environ.get("TF_PLUGGABLE_DEVICE_LIBRARY_PATH") or os.environ.get("TPU_LIBRARY_PATH")
    package = importlib.util.find_spec("libtpu")
    places = [
        *([Path(given)] if given else []),
        *([Path(package.origin).parent / "libtpu.so"] if package and package.origin else []),
        root / "lib/libtpu.so",
    ]
    return next((place for place in places if place.is_file()), None)


def obstacle(root: Path = Path("/")) -> str:
    """Return why no TPU can be used, with the remedy; empty where nothing is in the way."""
    if not is_there(root):
        return (
            "there is no TPU here: neither /dev/accel0, nor a TPU among the PCI devices with a file in /dev/vfio, nor "
            "the environment variable TPU_NAME; run on a TPU VM (scripts/tpu_vm_job.sh makes one), or set "
            "TPU_NAME=local if this is one"
        )
    try:
        importlib.metadata.version("tensorflow-tpu")
    except importlib.metadata.PackageNotFoundError:
        return f"the installed TensorFlow was built without TPU support: {_PACKAGES}"
    found = library(root)
    if found is None:
        return f"the TPU's library libtpu.so was not found: {_PACKAGES}"
    if not _serves_tensorflow(found):
        return f"{found} is of a release that no longer serves TensorFlow: {_PACKAGES}"
    return ""


def _serves_tensorflow(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(_ENTRY_POINT) >= 0


def variables(root: Path = Path("/")) -> dict[str, str]:
    """Return the environment variables that TensorFlow reads at import when it computes on a TPU."""
    return {
        "PJRT_DEVICE": "TPU",
        "NEXT_PLUGGABLE_DEVICE_USE_C_API": "true",
        "TF_PLUGGABLE_DEVICE_LIBRARY_PATH": str(library(root)),
        "TF_XLA_FLAGS": _FLAGS,
    }


def prepare(strategy: str, root: Path = Path("/")) -> None:
    """Set the environment for a run with this `runtime.strategy`, if it computes on a TPU; what is set already stays.

    Does nothing once TensorFlow is imported, which would not notice.
    """
    if "tensorflow" not in sys.modules and strategy in ("tpu", "auto") and not obstacle(root):
        for name, value in variables(root).items():
            os.environ.setdefault(name, value)


def unset() -> list[str]:
    """Return the names of the variables that are not set, because TensorFlow was imported before `prepare`."""
    return [name for name in variables() if name not in os.environ]
