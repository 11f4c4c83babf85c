from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.doctor import gpus


def write_program(folder: Path, script: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no nvidia-smi but the test's own be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    return folder


def write(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_a_machine_without_gpus_has_none(tmp_path: Path) -> None:
    found = gpus.find_hardware(tmp_path)
    assert not found.is_there and (found.nvidia, found.amd, found.files, found.driver) == (0, 0, 0, "")


def test_gpus_are_read_from_bus_device_files_and_driver(tmp_path: Path, alone: Path) -> None:
    for number, (vendor, kind) in enumerate([("0x10de", "0x030200"), ("0x10de", "0x040300"), ("0x1002", "0x030000")]):
        write(tmp_path, f"sys/bus/pci/devices/{number}/vendor", f"{vendor}\n")
        write(tmp_path, f"sys/bus/pci/devices/{number}/class", f"{kind}\n")
    write(tmp_path, "dev/nvidia0")
    write(tmp_path, "dev/nvidiactl")
    write(
        tmp_path, "proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue\nGCC\n"
    )
    write_program(alone, "echo 'NVIDIA A100, 550.54.15, 40960, 40000, 8.0'; echo broken")
    found = gpus.find_hardware(tmp_path)
    assert (found.nvidia, found.amd, found.files, found.driver) == (1, 1, 1, "550.54.15")
    (gpu,) = found.gpus
    assert (gpu.name, gpu.total, gpu.capability, gpu.release) == ("NVIDIA A100", 40960 << 20, "8.0", 550)


def test_a_driver_that_fails_is_quoted(tmp_path: Path, alone: Path) -> None:
    write_program(alone, "echo 'NVIDIA-SMI has failed because it could not talk to the driver'; exit 9")
    assert gpus.find_hardware(tmp_path).refusal.startswith("NVIDIA-SMI has failed")


def test_libraries_are_looked_for_in_packages_and_by_the_loader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "nvidia/cudnn/lib/libcudnn.so.9")
    write(tmp_path, "nvidia/cublas/lib/libcublas.so.12")
    write(tmp_path, "nvidia/__init__.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(gpus, "_can_load", lambda name: name.startswith("libcusolver"))
    missing = gpus.find_missing_libraries(12, "9")
    assert missing == ["libcudart.so.12", "libcufft.so.11", "libcusparse.so.12"]
