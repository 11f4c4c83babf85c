"""The inputs that a model takes: their names in requests, how JSON has them, and their limits before decoding."""

from __future__ import annotations

import base64
import binascii
import io
import struct
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.data.files.array_values import has_halves
from kerastune_ft.data.images.dicom import INSTALL, is_dicom
from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import sound_format
from kerastune_ft.data.sounds.packed import MissingReaderError
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import BAD_REQUEST, TOO_LARGE, UNREADABLE, Refusal

Given = bytes | tuple[str, ...] | Mapping[str, Any]
"""An input as it was sent: the content of a file, the one or two texts of an example, or several inputs by name."""

# Those that training reads; others of Pillow's have readers that start programs. MPO is opened as JPEG.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "TIFF", "WEBP")
# Every scan of a progressive JPEG decodes the whole picture again.
_SCAN, _MOST_SCANS = b"\xff\xda", 100
_DEEP_MODES = ("I", "F")
# Of DICOM that is compressed as a whole, which would have to be unpacked to read its header.
_DEFLATED = b"1.2.840.10008.1.2.1.99"


@dataclass(frozen=True)
class InputTensor:
    """One tensor of the inputs, with an example in each row."""

    name: str
    is_binary: bool = False
    """Whether its elements are files; else they are texts, or numbers by their type."""
    datatype: str = "BYTES"
    """Its type in the Open Inference Protocol."""
    width: int | None = None
    """How many elements a row has; None where it is one, without an axis for it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return its shape, -1 for the number of examples."""
        return (-1,) if self.width is None else (-1, self.width)


class Form(Protocol):
    """What a model takes for one example."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parts in requests."""

    @property
    def noun(self) -> str:
        """What it is called."""

    @property
    def is_binary(self) -> bool:
        """Whether it is the content of one file."""

    @property
    def sample(self) -> Given:
        """An input to warm up with."""

    @property
    def tensors(self) -> tuple[InputTensor, ...]:
        """The tensors of the inputs, in the order of names."""

    @property
    def instance(self) -> str:
        """How an instance is written in JSON, for people to fill in."""

    @property
    def fields(self) -> list[dict[str, Any]]:
        """What the page asks for, where an example has several inputs."""

    def parse(self, value: Any) -> Given:
        """Return the input that an instance of JSON is; raise Refusal for another."""

    def join(self, columns: Mapping[str, Sequence[Any]]) -> list[Given]:
        """Return the inputs whose parts stand in columns of equal lengths; raise Refusal for others."""

    def measure(self, given: Any, limits: Limits) -> float:
        """Return which share of the limit an input takes; raise Refusal for one beyond it or that cannot be read."""


@dataclass(frozen=True)
class InputForm:
    """What a model with one input takes for an example."""

    names: tuple[str, ...]
    """The names of its parts in requests."""
    noun: str
    is_binary: bool
    """Whether it is the content of a file, which JSON has in base64; else it is texts."""
    measure: Callable[[Any, Limits], float]
    """Returns which share of the limit an input takes; raises Refusal for one that is beyond it or cannot be read."""
    sample: Given
    """An input to warm up with."""

    @property
    def tensors(self) -> tuple[InputTensor, ...]:
        """Return a tensor for each name."""
        return tuple(InputTensor(name, self.is_binary) for name in self.names)

    @property
    def instance(self) -> str:
        """Return how an instance is written in JSON, for people to fill in."""
        keys = ", ".join(f'"{name}": "a text"' for name in self.names)
        return '{"b64": "FILE"}' if self.is_binary else f"{{{keys}}}"

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Return nothing: the page knows how to ask for one input."""
        return []

    def join(self, columns: Mapping[str, Sequence[Any]]) -> list[Given]:
        """Return the inputs whose parts stand in columns of equal lengths."""
        parts = [columns[name] for name in self.names]
        return list(parts[0]) if self.is_binary else list(zip(*parts, strict=True))

    def parse(self, value: Any) -> Given:
        """Return the input that an instance of JSON is; raise Refusal for another."""
        parts = [self._parse_part(part) for part in self._divide(value)]
        return parts[0] if self.is_binary else tuple(parts)

    def _divide(self, value: Any) -> Sequence[Any]:
        if isinstance(value, Mapping) and set(value) == set(self.names):
            return [value[name] for name in self.names]
        if len(self.names) == 1:
            return [value]
        if isinstance(value, list) and len(value) == len(self.names):
            return value
        raise Refusal(BAD_REQUEST, f"an instance is {self.example}")

    def _parse_part(self, value: Any) -> Any:
        if isinstance(value, Mapping) and set(value) == {"b64"} and isinstance(value["b64"], str):
            content = decode_base64(value["b64"])
            return content if self.is_binary else decode_text(content)
        if self.is_binary or not isinstance(value, str):
            raise Refusal(BAD_REQUEST, f"an instance is {self.example}")
        return value

    @property
    def example(self) -> str:
        """Return how an instance is written in JSON."""
        if self.is_binary:
            return f'{{"b64": "..."}} or {{"{self.names[0]}": {{"b64": "..."}}}}, the {self.noun} file in base64'
        keys = ", ".join(f'"{name}": "..."' for name in self.names)
        return f"{{{keys}}}" if len(self.names) > 1 else f'a text or {{"{self.names[0]}": "..."}}'


def make_form(modality: str, parts: int = 1) -> InputForm:
    """Return what models of a modality take; `parts` is 2 where an example is a pair of texts."""
    return _FORMS[modality](parts)


def decode_base64(text: str) -> bytes:
    """Return the bytes of a text in base64; raise Refusal for another."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        hint = "; leave away what stands before the comma" if text.startswith("data:") else ""
        raise Refusal(BAD_REQUEST, f"b64 is not base64{hint}") from None


def decode_text(content: bytes) -> str:
    """Return a text from its bytes; raise Refusal where these are not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(UNREADABLE, "is not UTF-8 text") from None


def limit_pillow(limits: Limits) -> None:
    """Let Pillow refuse larger pictures by itself in this process, whatever a file pretends to be when it is opened."""
    # It warns beyond this, and raises beyond twice as many.
    Image.MAX_IMAGE_PIXELS = -(-limits.max_pixels // 2)
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def measure_picture(content: bytes, limits: Limits) -> float:
    """Return the share of `max_pixels` that a picture takes, by its header alone."""
    if not content:
        raise Refusal(UNREADABLE, "is empty")
    pixels = _measure_dicom(content) if is_dicom(content) else _measure_file(content, limits)
    if pixels > limits.max_pixels:
        raise Refusal(TOO_LARGE, f"the picture has more than {limits.max_pixels:,} pixels (--max-pixels)")
    return pixels / limits.max_pixels


def _measure_file(content: bytes, limits: Limits) -> int:
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size
            is_deep = image.mode.startswith(_DEEP_MODES) or (image.format == "PNG" and content[24:25] == b"\x10")
            has_scans = image.format in ("JPEG", "MPO")
    except Image.DecompressionBombError:
        return limits.max_pixels + 1
    except Exception:  # Pillow's readers raise almost anything on a hostile file.
        raise Refusal(UNREADABLE, "is no image that can be read") from None
    if has_scans and content.count(_SCAN) > _MOST_SCANS:
        raise Refusal(TOO_LARGE, f"the picture has more than {_MOST_SCANS} scans")
    return width * height * (2 if is_deep else 1)


def _measure_dicom(content: bytes) -> int:
    try:
        import pydicom
    except ImportError:
        raise Refusal(415, f"is a DICOM file, which pydicom reads: {INSTALL}") from None
    # Anywhere, as whatever stands before the name of the syntax may be long.
    if _DEFLATED in content:
        raise Refusal(415, "is deflated DICOM, which is not taken from strangers; convert it")
    try:
        header = pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
        return int(header.Rows) * int(header.Columns) * 2
    except Exception:  # pydicom raises almost anything on a damaged file.
        raise Refusal(UNREADABLE, "is no DICOM picture that can be read") from None


def measure_sound(content: bytes, limits: Limits) -> float:
    """Return the share of `max_samples` that a sound takes, by its header alone."""
    if not content:
        raise Refusal(UNREADABLE, "is empty")
    try:
        found = sound_format(content)
    except MissingReaderError as problem:
        raise Refusal(415, str(problem)) from None
    except UnusableSoundError as problem:
        raise Refusal(UNREADABLE, str(problem)) from None
    samples = found.frames * found.channels
    if samples > limits.max_samples:
        raise Refusal(TOO_LARGE, f"the sound has more than {limits.max_samples:,} samples (--max-samples)")
    return samples / limits.max_samples


def measure_texts(texts: tuple[str, ...], limits: Limits) -> float:
    """Return the share of `max_characters` that a text or pair takes."""
    if any(map(has_halves, texts)):
        raise Refusal(UNREADABLE, "is no text: it has half a character, which JSON can write and UTF-8 cannot")
    characters = sum(map(len, texts))
    if characters > limits.max_characters:
        raise Refusal(TOO_LARGE, f"the text has more than {limits.max_characters:,} characters (--max-characters)")
    return characters / limits.max_characters


def _make_picture() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "JPEG")
    return file.getvalue()


def _make_sound() -> bytes:
    samples = b"".join(struct.pack("<h", 1000 * (number % 16 - 8)) for number in range(8000))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def _name_texts(parts: int) -> tuple[str, ...]:
    return ("text", *(f"text_{part}" for part in range(2, parts + 1)))


_FORMS: Mapping[str, Callable[[int], InputForm]] = {
    IMAGE: lambda parts: InputForm(("image_bytes",), "image", True, measure_picture, _make_picture()),
    AUDIO: lambda parts: InputForm(("sound_bytes",), "sound", True, measure_sound, _make_sound()),
    TEXT: lambda parts: InputForm(_name_texts(parts), "text", False, measure_texts, ("a text",) * parts),
}
