"""Event files of TensorBoard, written and read with the standard library alone.

A file is a row of records: length, its checksum, an Event of TensorFlow's protocol buffers, its checksum
(tensorflow/core/util/event.proto, core/framework/summary.proto; CRC-32C masked as in core/lib/hash/crc32c.h).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VERSION = b"brain.Event:2"
_DT_STRING = 7
_TEXT_PLUGIN, _PARAMETERS_PLUGIN = "text", "hparams"
_PARAMETERS_START, _PARAMETERS_END = "_hparams_/session_start_info", "_hparams_/session_end_info"
# Of the hparams plugin's Status.
_STATUS = {"done": 1, "failed": 2}
_SESSION_START = 1


def _make_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _make_table()


def _checksum(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _bytes(number: int, content: bytes | str) -> bytes:
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return _key(number, _BYTES) + _varint(len(data)) + data


def _int(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _key(number, _FIXED64) + struct.pack("<d", value)


def _record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return length + struct.pack("<I", _checksum(length)) + event + struct.pack("<I", _checksum(event))


def _event(time: float, step: int, content: bytes) -> bytes:
    return _record(_double(1, time) + _int(2, step) + content)


def _summary(time: float, step: int, values: bytes) -> bytes:
    return _event(time, step, _bytes(5, values))


def begin_file(time: float) -> bytes:
    """Return the record that an event file begins with."""
    return _event(time, 0, _bytes(3, _VERSION))


def restart_at(time: float, step: int) -> bytes:
    """Return the record by which a TensorBoard that looks on drops what it read from a step on."""
    return _event(time, step, _bytes(7, _int(1, _SESSION_START)))


def write_figures(time: float, step: int, figures: Mapping[str, float]) -> bytes:
    """Return the record of figures by tag, kept as 32-bit floats."""
    values = [_bytes(1, tag) + _key(2, _FIXED32) + struct.pack("<f", value) for tag, value in figures.items()]
    return _summary(time, step, b"".join(_bytes(1, value) for value in values))


def write_texts(time: float, step: int, texts: Mapping[str, str]) -> bytes:
    """Return the record of texts by tag, which TensorBoard reads as Markdown."""
    values = []
    for tag, text in texts.items():
        tensor = _int(1, _DT_STRING) + _bytes(2, _bytes(2, _int(1, 1))) + _bytes(8, text)
        values.append(_bytes(1, tag) + _bytes(9, _plugin(_TEXT_PLUGIN, b"")) + _bytes(8, tensor))
    return _summary(time, step, b"".join(_bytes(1, value) for value in values))


def write_parameters(time: float, group: str, parameters: Mapping[str, Any]) -> bytes:
    """Return the record of hyperparameters, for the tab HPARAMS."""
    entries = b"".join(_bytes(1, _bytes(1, name) + _bytes(2, _parameter(value))) for name, value in parameters.items())
    return _parameters_record(time, _PARAMETERS_START, _bytes(3, entries + _bytes(4, group) + _double(5, time)))


def write_end(time: float, state: str) -> bytes:
    """Return the record of the end of a run, for the tab HPARAMS."""
    return _parameters_record(time, _PARAMETERS_END, _bytes(4, _int(1, _STATUS.get(state, 0)) + _double(2, time)))


def _parameters_record(time: float, tag: str, data: bytes) -> bytes:
    # HParamsPluginData's version is 0, which is not written.
    null = _int(1, 1) + _bytes(2, b"") + _key(5, _BYTES) + _varint(4) + struct.pack("<f", 0.0)
    return _summary(time, 0, _bytes(1, _bytes(1, tag) + _bytes(9, _plugin(_PARAMETERS_PLUGIN, data)) + _bytes(8, null)))


def _parameter(value: Any) -> bytes:
    """Return a google.protobuf.Value."""
    if isinstance(value, bool):
        return _int(4, int(value))
    return _double(2, float(value)) if isinstance(value, int | float) else _bytes(3, str(value))


def _plugin(name: str, content: bytes) -> bytes:
    return _bytes(1, _bytes(1, name) + (_bytes(2, content) if content else b""))


@dataclass(frozen=True)
class Stored:
    """A record of an event file: its bytes, its step, and the tags it has something of."""

    content: bytes
    step: int
    tags: tuple[str, ...]


def read_records(content: bytes) -> Iterator[Stored]:
    """Yield the records of an event file up to one that is cut off or damaged, as a killed process leaves it."""
    at = 0
    while at + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        end = at + 16 + length
        if end > len(content):
            return
        event, checks = content[at + 12 : end - 4], (content[at + 8 : at + 12], content[end - 4 : end])
        if checks != tuple(struct.pack("<I", _checksum(part)) for part in (content[at : at + 8], event)):
            return
        fields = list(_read_fields(event))
        step = next((value for number, value in fields if number == 2), 0)
        values = [value for number, summary in fields if number == 5 for _, value in _read_fields(summary)]
        tags = [
            part.decode("utf-8", "replace") for value in values for number, part in _read_fields(value) if number == 1
        ]
        yield Stored(content[at:end], step, tuple(tags))
        at = end


def _read_fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
        if size is None:
            size, at = _read_varint(message, at)
        yield number, message[at : at + size]
        at += size


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
