from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.doctor.tensorflow_probe import describe_parts


def test_parts_say_their_versions_and_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(name="/physical_device:GPU:0")
    config = SimpleNamespace(
        list_physical_devices=lambda kind: [gpu],
        experimental=SimpleNamespace(
            get_device_details=lambda one: {"device_name": "NVIDIA A100", "compute_capability": (8, 0)}
        ),
    )
    parts: dict[str, Any] = {
        "tensorflow": SimpleNamespace(
            __version__="2.21.0", config=config, function=lambda compute, jit_compile: compute,
            ones=float, test=SimpleNamespace(is_built_with_cuda=lambda: True),
            sysconfig=SimpleNamespace(get_build_info=lambda: {"cuda_version": "12.5.1", "strange": object()}),
        ),
        "keras": SimpleNamespace(__version__="3.15.1", config=SimpleNamespace(backend=lambda: "tensorflow")),
        "keras_hub": SimpleNamespace(__version__="0.32.0"),
    }  # fmt: skip
    monkeypatch.setattr(importlib, "import_module", parts.__getitem__)
    for name, module in parts.items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    found = json.loads(json.dumps(describe_parts()))
    assert found["gpus"] == [{"name": "NVIDIA A100", "capability": "8.0"}] and found["backend"] == "tensorflow"
    assert found["build"] == {"cuda_version": "12.5.1"} and found["keras_hub"] == {"version": "0.32.0"}


def test_the_first_import_that_fails_is_named_and_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Any:
        raise ImportError("libstdc++.so.6: version not found\nmore")

    monkeypatch.setattr(importlib, "import_module", fail)
    found = describe_parts()
    assert found["tensorflow"] == {"error": "ImportError: libstdc++.so.6: version not found"} and "keras" not in found
