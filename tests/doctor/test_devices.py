from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.doctor import devices
from kerastune_ft.doctor.finding import BROKEN, WARNING
from kerastune_ft.doctor.gpus import Gpu, Hardware
from kerastune_ft.doctor.probe import Probe

A100 = Gpu("NVIDIA A100", "550.54.15", 40 << 30, 39 << 30, "8.0")
HERE = Hardware(1, 0, 1, False, "550.54.15", (A100,), "")
FOUND: dict[str, Any] = {
    "tensorflow": {"version": "2.21.0"}, "keras": {"version": "3.15.1"}, "keras_hub": {"version": "0.32.0"},
    "backend": "tensorflow", "seconds": 4.0, "cuda": True, "gpus": [],
    "build": {"cuda_version": "12.5.1", "cudnn_version": "9", "cuda_compute_capabilities": ["sm_60", "sm_70"]},
}  # fmt: skip
PROBE = Probe(FOUND)


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all libraries be there."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "find_missing_libraries", lambda cuda, cudnn: [])


@pytest.mark.parametrize(
    ("hardware", "probe", "words", "remedy"),
    [
        (replace(HERE, gpus=(), files=0), PROBE, "no device file", "--gpus all"),
        (replace(HERE, gpus=(), refusal="Driver/library version mismatch"), PROBE, "version mismatch", "mended"),
        (replace(HERE, gpus=()), PROBE, "nvidia-smi, which comes with the driver", "have NVIDIA's driver installed"),
        (replace(HERE, gpus=(), files=0, is_wsl=True), PROBE, "Windows", "in Windows"),
        (HERE, Probe({**FOUND, "cuda": False}), "built without CUDA", "tensorflow[and-cuda]"),
        (replace(HERE, gpus=(replace(A100, driver="470.82.01"),)), PROBE, "CUDA 12 needs 525", "updated"),
        (replace(HERE, gpus=(replace(A100, capability="5.2"),)), PROBE, "5.2 is below 6.0", "another GPU"),
        (HERE, Probe(failure="TensorFlow ended its process by SIGSEGV"), "TensorFlow itself", ""),
        (HERE, PROBE, "does not say why", "LD_LIBRARY_PATH"),
    ],
)
def test_a_gpu_that_cannot_be_used_has_its_reason(hardware: Hardware, probe: Probe, words: str, remedy: str) -> None:
    finding = devices.explain_unusable(hardware, probe)
    assert finding.level == WARNING and words in finding.text and remedy in finding.remedy


def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_missing_libraries", lambda cuda, cudnn: [f"libcudnn.so.{cudnn}"])
    assert "libcudnn.so.9 were not found" in devices.explain_unusable(HERE, PROBE).text


def test_a_variable_that_hides_gpus_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "CUDA_VISIBLE_DEVICES, '-1'" in devices.explain_unusable(HERE, PROBE).text


def examine(monkeypatch: pytest.MonkeyPatch, hardware: Hardware, probe: Probe, root: Path) -> Sequence[str]:
    monkeypatch.setattr(devices, "find_hardware", lambda root: hardware)
    return [f"{finding.level}: {finding.text}" for finding in devices.examine_devices(probe, root).findings]


def test_gpus_in_use_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = replace(A100, free=1 << 20)
    seen = Probe({**FOUND, "gpus": [{"name": "NVIDIA A100", "capability": "8.0"}]})
    found = examine(monkeypatch, replace(HERE, gpus=(A100, busy)), seen, tmp_path)
    assert found[1].startswith("ok: GPU 0: NVIDIA A100") and "hold its memory" in found[2]
    assert found[3] == "ok: TensorFlow uses 1 GPU: NVIDIA A100 (8.0)" and "of 2 GPUs TensorFlow uses 1" in found[4]


def test_no_gpu_and_one_of_amd_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Hardware(0, 0, 0, False, "", (), "")
    assert examine(monkeypatch, nothing, PROBE, tmp_path)[-1] == "ok: no GPU"
    assert "AMD" in examine(monkeypatch, replace(nothing, amd=1), PROBE, tmp_path)[-1]


def test_a_broken_tensorflow_is_broken_with_a_remedy(tmp_path: Path) -> None:
    for failure, remedy in [("ended by SIGILL", "another machine"), ("unknown flag", "XLA_FLAGS"), ("no", "pip")]:
        first = devices.examine_devices(Probe(failure=failure), tmp_path).findings[0]
        assert (first.level, first.text) == (BROKEN, failure) and remedy in first.remedy


def test_a_tpu_that_cannot_be_used_has_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/accel0").touch()
    last = examine(monkeypatch, Hardware(0, 0, 0, False, "", (), ""), PROBE, tmp_path)[-1]
    assert last.startswith("warning: a TPU is there that cannot be used: the installed TensorFlow was built without")
