"""Prints as JSON what TensorFlow, Keras and keras-hub of this Python say of themselves; a program of its own.

It is started by `probe`, because TensorFlow may be missing, may not fit its libraries, or may end its process.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any


def describe_parts() -> dict[str, Any]:
    """Return versions, errors of imports, and the devices that TensorFlow sees."""
    found: dict[str, Any] = {}
    began = time.monotonic()
    for name, key in (("tensorflow", "tensorflow"), ("keras", "keras"), ("keras_hub", "keras_hub")):
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            lines = str(error).strip().splitlines() or [""]
            found[key] = {"error": f"{type(error).__name__}: {lines[0]}"}
            break
        found[key] = {"version": str(getattr(module, "__version__", ""))}
    found["seconds"] = time.monotonic() - began
    if "version" in found["tensorflow"]:
        found |= _describe_devices(sys.modules["tensorflow"])
    if "version" in found.get("keras", {}):
        config: Any = sys.modules["keras"].config
        found["backend"] = config.backend()
    return found


def _describe_devices(tensorflow: Any) -> dict[str, Any]:
    build = {
        key: value
        for key, value in tensorflow.sysconfig.get_build_info().items()
        if isinstance(value, str | bool | list | tuple)
    }
    devices = []
    for gpu in tensorflow.config.list_physical_devices("GPU"):
        details = tensorflow.config.experimental.get_device_details(gpu)
        devices.append(
            {
                "name": details.get("device_name", gpu.name),
                "capability": ".".join(map(str, details.get("compute_capability", ()))),
            }
        )
    # TensorFlow ends the process for flags that it does not know, once it compiles something.
    tensorflow.function(lambda: tensorflow.ones(2) * 2, jit_compile=True)()
    return {"build": build, "cuda": bool(tensorflow.test.is_built_with_cuda()), "gpus": devices}


if __name__ == "__main__":
    print(json.dumps(describe_parts()))
