"""The predict.py of each format and form of input, by module of `exporting.scripts` and its folders."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from kerastune_ft.errors import ConfigError

FILE = "predict.py"
SCRIPTS: Mapping[tuple[str, str], str] = {
    ("saved_model", "image"): "saved_model_image",
    ("onnx", "image"): "onnx_image",
    ("litert", "image"): "litert_image",
    ("keras", "image"): "keras_image",
    ("saved_model", "masks"): "saved_model_masks",
    ("onnx", "masks"): "onnx_masks",
    ("saved_model", "tiles"): "tiles.saved_model_tiles",
    ("onnx", "tiles"): "tiles.onnx_tiles",
    ("litert", "tiles"): "tiles.litert_tiles",
    ("saved_model", "strings"): "saved_model_strings",
    ("saved_model", "text"): "saved_model_text",
    ("onnx", "text"): "onnx_text",
    ("litert", "text"): "litert_text",
    ("keras", "text"): "keras_text",
    ("saved_model", "sound"): "saved_model_sound",
    ("onnx", "sound"): "onnx_sound",
    ("litert", "sound"): "litert_sound",
    ("keras", "sound"): "keras_sound",
    ("preset", "image"): "keras_image",
    ("preset", "masks"): "keras_masks",
    ("preset", "text"): "keras_text",
    ("preset", "sound"): "keras_sound",
    ("litert", "masks"): "litert_masks",
    ("keras", "masks"): "keras_masks",
    ("saved_model", "boxes"): "boxes.saved_model_boxes",
    ("onnx", "boxes"): "boxes.onnx_boxes",
    ("litert", "boxes"): "boxes.litert_boxes",
    ("keras", "boxes"): "boxes.keras_boxes",
    ("preset", "boxes"): "boxes.keras_boxes",
    ("saved_model", "inputs"): "several.saved_model_inputs",
    ("onnx", "inputs"): "several.onnx_inputs",
    ("litert", "inputs"): "several.litert_inputs",
    ("keras", "inputs"): "several.keras_inputs",
}
"""By format and `Graphs.form`."""
BESIDE: Mapping[str, tuple[str, ...]] = {name: ("inputs",) for name in SCRIPTS.values() if name.startswith("several.")}
"""By script, the names of files in its folder that it uses, which stand beside predict.py."""


def find_script(format_name: str, form: str) -> str:
    """Return the name of the module; raise ConfigError where a format cannot hold runs of a form, naming others."""
    if (format_name, form) in SCRIPTS:
        return SCRIPTS[format_name, form]
    others = [name for name, other in SCRIPTS if other == form]
    raise ConfigError(f"--format: {format_name} cannot hold this run; {', '.join(others) or 'no format'} can")


def list_beside(name: str) -> dict[str, bytes]:
    """Return the files that a script uses, by the names that they have beside predict.py."""
    folder = name.rpartition(".")[0]
    return {f"{each}.py": read_script(f"{folder}.{each}") for each in BESIDE.get(name, ())}


def read_script(name: str) -> bytes:
    """Return the text of a script, which becomes the predict.py of an export."""
    found = importlib.util.find_spec(f"kerastune_ft.exporting.scripts.{name}")
    assert found is not None and found.origin is not None
    return Path(found.origin).read_bytes()
