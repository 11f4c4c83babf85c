"""JSON from strangers."""

from __future__ import annotations

import json

import pytest

from kerastune_ft.serving.json_text import DEEPEST, MOST_VALUES, parse_json
from kerastune_ft.serving.refusal import Refusal


@pytest.mark.parametrize(
    "value",
    [
        {"instances": [{"b64": "QUJD"}] * 64},
        {"instances": ['a [long] {text}, with "marks" and \\ ' * 10_000]},
        {"instances": ["[" * 50_000, '\\"[{' * 9_000, "," * 50_000]},
        [[[1]]],
    ],
)
def test_what_stands_in_texts_does_not_count(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"\xff", b'{"a": 1', b"[" * 200_000, b'{"a":' * 100_000, b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b"[" + b"[]," * (MOST_VALUES + 1) + b"[]]", b"[" + b"0," * (MOST_VALUES + 1) + b"0]", b"[" + b"9" * 5000 + b"]",
        '{"a": "\u00e4"}'.encode("latin-1"), '{"a": 1}'.encode("utf-16"),
        # A text of quotes that never ends: by its square this would take days.
        b"[" * (DEEPEST + 1) + b'"' + b'\\"' * 4_000_000, b"," * (MOST_VALUES + 1) + b'"a' + b"\\" * 4_000_001,
    ],
)  # fmt: skip
def test_what_is_no_json_or_a_trap_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal, match="JSON Parse error") as refused:
        parse_json(data)
    assert refused.value.status == 400
