"""The outputs of a model: what an answer becomes in the tensors of the two protocols."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.data.labels.raw import SEPARATOR

Answer = Mapping[str, Any]
"""What a model says of one input, in the words of an export's `predict.py`: `label`, `probabilities` and so on."""


def flatten(value: Any) -> Any:
    """Return a list of texts as the one text that stands for it in a tensor; all else as it is."""
    has_texts = isinstance(value, list) and (not value or isinstance(value[0], str))
    return SEPARATOR.join(value) if has_texts else value


@dataclass(frozen=True)
class Output:
    """One tensor of the outputs, with an example in each row."""

    name: str
    datatype: str
    """Its type in the Open Inference Protocol, such as FP32."""
    shape: tuple[int, ...]
    """Its shape, -1 for what differs."""
    pick: Callable[[Answer], Any]
    """Returns the value of one answer: a number, a text, bytes, or a list of numbers or texts."""
    is_file: bool = False
    """Whether the value is the content of a file, which takes time to write."""
    in_tensor: Callable[[Any], Any] = flatten
    """Returns what stands for a value in a tensor, which knows no lists of objects."""

    @property
    def is_number(self) -> bool:
        """Whether the value is a number or a list of numbers, each of which JSON must be able to write."""
        return self.datatype.startswith("FP")


def make_outputs(answer: Answer, classes: Sequence[str]) -> tuple[Output, ...]:
    """Return the outputs of a model that answers like this one; `classes` are those of its masks."""
    return tuple(output for key, make in _OUTPUTS.items() if key in answer for output in make(answer[key], classes))


def encode_mask(mask: np.ndarray) -> bytes:
    """Return a mask as a PNG with a palette, whose pixels are the numbers of the classes."""
    image = Image.fromarray(np.ascontiguousarray(mask, np.uint8), "P")
    image.putpalette(PALETTE.tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _measure_shares(mask: np.ndarray, count: int) -> list[float]:
    pixels = np.bincount(np.asarray(mask).reshape(-1), minlength=count)[:count]
    return [float(part) for part in pixels / max(int(pixels.sum()), 1)]


def _make_label(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("label", "BYTES", (-1,), lambda answer: answer["label"])]


def _make_labels(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("labels", "BYTES", (-1,), lambda answer: list(answer["labels"]))]


def _make_probabilities(value: Mapping[str, float], classes: Sequence[str]) -> list[Output]:
    names = tuple(value)
    return [
        Output(
            "probabilities", "FP32", (-1, len(names)), lambda answer: [answer["probabilities"][name] for name in names]
        )
    ]


def _make_value(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("value", "FP64", (-1,), lambda answer: float(answer["value"]))]


def _make_values(value: Mapping[str, float], classes: Sequence[str]) -> list[Output]:
    names = tuple(value)
    return [
        Output("values", "FP64", (-1, len(names)), lambda answer: [float(answer["values"][name]) for name in names]),
    ]


def _make_mask(value: Any, classes: Sequence[str]) -> list[Output]:
    count = len(classes)
    return [
        Output("mask_bytes", "BYTES", (-1,), lambda answer: encode_mask(answer["mask"]), is_file=True),
        Output("shares", "FP32", (-1, count), lambda answer: _measure_shares(answer["mask"], count)),
    ]


def _make_boxes(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("boxes", "BYTES", (-1,), lambda answer: list(answer["boxes"]), in_tensor=_write_json)]


def _write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _make_transcript(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("transcript", "BYTES", (-1,), lambda answer: answer["transcript"])]


def _make_distance(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("distance", "FP32", (-1,), lambda answer: float(answer["distance"]))]


def _make_unknown(value: Any, classes: Sequence[str]) -> list[Output]:
    return [Output("unknown", "BOOL", (-1,), lambda answer: bool(answer["unknown"]))]


_OUTPUTS: Mapping[str, Callable[[Any, Sequence[str]], list[Output]]] = {
    "label": _make_label,
    "labels": _make_labels,
    "probabilities": _make_probabilities,
    "value": _make_value,
    "values": _make_values,
    "mask": _make_mask,
    "boxes": _make_boxes,
    "transcript": _make_transcript,
    "distance": _make_distance,
    "unknown": _make_unknown,
}
