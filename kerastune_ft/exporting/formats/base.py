"""The contract of an export's format, and the table of formats."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.graphs.base import Graphs

FORMATS: Mapping[str, str] = {
    "saved_model": "kerastune_ft.exporting.formats.saved_model",
    "onnx": "kerastune_ft.exporting.formats.onnx_file",
    "litert": "kerastune_ft.exporting.formats.litert",
    "keras": "kerastune_ft.exporting.formats.keras_file",
    "preset": "kerastune_ft.exporting.formats.preset",
    "transformers": "kerastune_ft.exporting.formats.transformers",
}
"""The module of each format, by the format's name."""


_OTHER_NAMES: Mapping[str, str] = {
    "tflite": "litert",
    "lite": "litert",
    "tf": "saved_model",
    "tensorflow": "saved_model",
    "savedmodel": "saved_model",
    "h5": "keras",
    "huggingface": "transformers",
    "hf": "transformers",
}


@dataclass(frozen=True)
class ExportOptions:
    """How an export is made, beside its format."""

    samples: int | None = None
    """How many examples of the run are compared; None means 100, or with `quantize` the whole split."""
    quantize: str | None = None
    """How weights are made smaller: `float16`, `dynamic`, or not at all."""
    max_loss: float | None = None
    """How many points of the score on validation a smaller model may lose; None means 1."""
    calibrated: bool = False
    """Whether probabilities are those with the temperature of the run."""

    def __post_init__(self) -> None:
        """Raise ConfigError for numbers that nothing can be measured by, and for those without effect."""
        if self.samples is not None and self.samples < 1:
            raise ConfigError(f"--samples: an export is compared on one example at least, and not on {self.samples}")
        if self.max_loss is not None and not 0 <= self.max_loss < math.inf:
            raise ConfigError(f"--max-loss: points are a number from 0 on, and not {self.max_loss:g}")
        if self.quantize is None and self.max_loss is not None:
            raise ConfigError("--max-loss has no effect without --quantize: weights as they are lose nothing")
        if self.quantize is not None and self.samples is not None:
            raise ConfigError("--samples has no effect with --quantize, which compares the whole validation split")


class Format(Protocol):
    """A module that writes one format."""

    NEEDS: tuple[str, ...]
    """The modules that writing and running need beside TensorFlow, all of the extra `export`."""
    INPUTS: str
    """What predict.py gives to the model: `raw` inputs, documented tensors (`portable`), or those of `keras`."""
    BESIDE: tuple[str, ...]
    """Folders of an export that have weights beside those of the model, which its size is not measured by."""
    QUANTIZES: tuple[str, ...]
    """The values of --quantize that the format has."""
    RUNTIME: tuple[str, ...]
    """The modules of the runtime, which predict.py imports."""
    TOLERANCE: float
    """The largest difference from the run's answers, in the unit of `answers`, for an export in float32."""

    def write(self, graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
        """Write the model into a folder, and return for each endpoint its name, file, inputs and outputs."""


def load_format(name: str) -> Format:
    """Return a format by name; raise ConfigError for an unknown one, and where a package that it needs is missing."""
    if meant := _OTHER_NAMES.get(name.lower()):
        raise ConfigError(f'--format: {name} is "{meant}" here')
    if name not in FORMATS:
        raise ConfigError(f"--format: {unknown_message(name, FORMATS, 'format')[0]}")
    module: Any = importlib.import_module(FORMATS[name])
    missing = [each for each in module.NEEDS if importlib.util.find_spec(each) is None]
    if missing:
        raise ConfigError(
            f"--format: {name} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed: "
            'python -m pip install "kerastune_ft[export]"'
        )
    chosen: Format = module
    return chosen


def refuse_quantize(name: str, how: str | None) -> None:
    """Raise ConfigError for a --quantize that a format has not, naming the formats that have it."""
    if how is None or how in importlib.import_module(FORMATS[name]).QUANTIZES:
        return
    found = {each: importlib.import_module(module).QUANTIZES for each, module in FORMATS.items()}
    others = [each for each, ways in found.items() if how in ways]
    if not others:
        raise ConfigError(f"--quantize: {unknown_message(how, dict.fromkeys(sum(found.values(), ())), 'way')[0]}")
    raise ConfigError(f"--quantize: {name} has no {how}; {' and '.join(others)} have it")


def describe_tensors(tensors: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return name, dtype and shape of tensors for export.json; a dimension of any size is null."""
    return [
        {"name": name, "dtype": each.dtype.name, "shape": [None if n is None else int(n) for n in each.shape]}
        for name, each in tensors.items()
    ]
