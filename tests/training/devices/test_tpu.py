"""Whether a TPU is seen, what stands in its way, and what TensorFlow is told before it is imported: no TPU needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import tpu

NAMES = ("PJRT_DEVICE", "NEXT_PLUGGABLE_DEVICE_USE_C_API", "TF_PLUGGABLE_DEVICE_LIBRARY_PATH", "TF_XLA_FLAGS")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "TPU_NAME", "TPU_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)


def _pci(root: Path, vendor: str, device: str) -> None:
    folder = root / "sys/bus/pci/devices/0000:00:05.0"
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "device").write_text(f"{device}\n")


def _file(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine with a TPU v4 and the packages for it."""
    _file(tmp_path / "dev/accel0")
    _file(tmp_path / "site/libtpu/__init__.py")
    _file(tmp_path / "site/libtpu/libtpu.so", b"\x7fELF\0ConfigureDistributedTpuOp_DoWork\0GetPjrtApi\0")
    _file(tmp_path / "site/tensorflow_tpu-2.20.0.dist-info/METADATA", b"Name: tensorflow-tpu\nVersion: 2.20.0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path


def test_an_accelerator_file_is_a_tpu(tmp_path: Path) -> None:
    assert not tpu.is_there(tmp_path)
    # Other makers' accelerators are in a folder of this name.
    _file(tmp_path / "dev/accel/accel0")
    assert not tpu.is_there(tmp_path)
    _file(tmp_path / "dev/accel0")
    assert tpu.is_there(tmp_path)


@pytest.mark.parametrize(
    ("vendor", "device", "seen"),
    [("0x1ae0", "0x0063", True), ("0x1AE0", "0x006F", True), ("0x1ae0", "0x0042", False), ("0x10de", "0x0063", False)],
    ids=["v5e", "v6e", "Google's network card", "GPU"],
)
def test_a_pci_device_is_a_tpu_where_programs_may_have_it(tmp_path: Path, vendor: str, device: str, seen: bool) -> None:
    _pci(tmp_path, vendor, device)
    _file(tmp_path / "dev/vfio/vfio")
    assert not tpu.is_there(tmp_path)
    _file(tmp_path / "dev/vfio/0")
    assert tpu.is_there(tmp_path) is seen


def test_the_environment_may_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPU_NAME", "local")
    assert tpu.is_there(tmp_path)


def test_nothing_is_in_the_way_of_a_complete_machine(machine: Path) -> None:
    assert tpu.obstacle(machine) == ""


def test_each_missing_piece_is_named_with_its_remedy(machine: Path) -> None:
    library = machine / "site/libtpu/libtpu.so"
    library.write_bytes(b"\x7fELF\0GetPjrtApi\0TfTpu_Initialize\0")
    assert "libtpu.so is of a release that no longer serves TensorFlow" in tpu.obstacle(machine)
    assert '"libtpu==0.0.14"' in tpu.obstacle(machine)
    library.unlink()
    assert "libtpu.so was not found" in tpu.obstacle(machine)
    (machine / "site/tensorflow_tpu-2.20.0.dist-info/METADATA").unlink()
    (machine / "site/tensorflow_tpu-2.20.0.dist-info").rmdir()
    assert "built without TPU support: python -m pip install" in tpu.obstacle(machine)
    (machine / "dev/accel0").unlink()
    assert "/dev/accel0" in tpu.obstacle(machine)
    assert "TPU_NAME=local" in tpu.obstacle(machine)


def test_the_systems_library_serves_too(machine: Path) -> None:
    system = _file(machine / "lib/libtpu.so")
    (machine / "site/libtpu/libtpu.so").unlink()
    assert tpu.library(machine) == system


def test_an_empty_library_is_no_library_of_tensorflow(machine: Path) -> None:
    _file(machine / "site/libtpu/libtpu.so")
    assert "no longer serves TensorFlow" in tpu.obstacle(machine)


def _ask(machine: Path, strategy: str, first: str = "") -> dict[str, str]:
    """The variables that a new process sets for a strategy."""
    script = (
        f"{first}\nimport os, json, pathlib\nfrom kerastune_ft.training.devices import tpu\n"
        f"tpu.prepare({strategy!r}, pathlib.Path({str(machine)!r}))\n"
        f"print(json.dumps({{name: os.environ[name] for name in {NAMES!r} if name in os.environ}}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(machine / "site")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=machine, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("strategy", ["tpu", "auto"])
def test_tensorflow_is_told_before_it_is_imported(machine: Path, strategy: str) -> None:
    told = _ask(machine, strategy)
    assert set(told) == set(NAMES)
    assert told["PJRT_DEVICE"] == "TPU"
    assert told["TF_PLUGGABLE_DEVICE_LIBRARY_PATH"] == str(machine / "site/libtpu/libtpu.so")
    assert "--tf_mlir_enable_mlir_bridge=true" in told["TF_XLA_FLAGS"].split()


def test_who_wants_no_tpu_or_has_none_is_told_nothing(machine: Path) -> None:
    assert _ask(machine, "none") == _ask(machine, "mirrored") == _ask(machine, "multi_worker") == {}
    assert _ask(machine, "tpu", "import sys; sys.modules['tensorflow'] = sys") == {}
    (machine / "dev/accel0").unlink()
    assert _ask(machine, "tpu") == {}


def test_what_the_user_set_stays(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", "--mine")
    assert _ask(machine, "tpu")["TF_XLA_FLAGS"] == "--mine"


def test_without_a_tpu_the_strategy_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kerastune_ft.training.devices import devices

    monkeypatch.setattr(tpu.obstacle, "__defaults__", (tmp_path,))
    with pytest.raises(ConfigError, match=r"^runtime\.strategy: tpu: there is no TPU here"):
        devices.resolve(Runtime(strategy="tpu"))


def test_automatic_choice_says_why_a_tpu_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kerastune_ft.training.devices import devices

    monkeypatch.setenv("TPU_NAME", "local")
    monkeypatch.setattr(tpu.obstacle, "__defaults__", (tmp_path,))
    found = devices.resolve(Runtime(strategy="auto", deterministic=True))
    assert found.kind == "none"
    assert "there is a TPU, but the installed TensorFlow was built without TPU support" in str(found)
