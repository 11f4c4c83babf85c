"""Tensors of the Open Inference Protocol, as JSON and as bytes."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
import pytest

from kerastune_ft.serving.inputs import make_form
from kerastune_ft.serving.outputs import make_outputs
from kerastune_ft.serving.protocols.tensors import read_tensors, write_bytes, write_json
from kerastune_ft.serving.refusal import Refusal
from tests.support.served import pack, tensor

IMAGE, PAIR = make_form("image"), make_form("text", 2)


def test_bytes_behind_the_json_belong_to_the_inputs_in_their_order() -> None:
    one, two = pack(b"ab", b""), pack(b"cde", b"f")
    given = [tensor("text_2", size=len(one)), tensor("text", size=len(two), shape=[2, 1])]
    assert read_tensors(given, one + two, PAIR, 2) == {"text_2": ["ab", ""], "text": ["cde", "f"]}


def test_data_in_json() -> None:
    data = [base64.b64encode(each).decode() for each in (b"\xff\xd8", b"")]
    assert read_tensors([tensor(data=data)], b"", IMAGE, 2) == {"image_bytes": [b"\xff\xd8", b""]}
    pair = [tensor("text", 1, data=["a"]), tensor("text_2", 1, data=[["b"]])]
    assert read_tensors(pair, b"", PAIR, 2) == {"text": ["a"], "text_2": ["b"]}


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (None, b""), ([], b""), ([3], b""), ([tensor("other", data=["QQ=="])], b""), ([tensor(), tensor()], b""),
        ([tensor(data=["QQ==", 3])], b""), ([tensor(data=["?", "?"])], b""), ([tensor(data=["QQ=="])], b""),
        ([tensor(size=8, data=["QQ=="])], pack(b"", b"")), ([tensor(size=9)], pack(b"", b"")),
        ([tensor(size=8)], pack(b"", b"") + b"x"), ([tensor(size=-8)], b""), ([tensor(size=True)], b"x"),
        ([tensor(size=7)], pack(b"", b"")[:7]), ([tensor(size=8)], struct.pack("<II", 4_000_000_000, 0)),
        ([tensor(size=8, datatype="FP32")], pack(b"", b"")), ([tensor(size=8, shape=[3])], pack(b"", b"")),
        ([tensor(size=0, shape=[0])], b""), ([tensor(size=8, shape="2")], pack(b"", b"")),
    ],
)  # fmt: skip
def test_inputs_that_are_none(given: Any, rest: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_tensors(given, rest, IMAGE, 2)
    assert refused.value.status == 400


def test_bytes_of_more_inputs_than_a_request_may_have_are_not_divided() -> None:
    content = pack(*[b""] * 3)
    with pytest.raises(Refusal, match="more than 2 inputs") as refused:
        read_tensors([tensor(count=3, size=len(content))], content, IMAGE, 2)
    assert refused.value.status == 413


def test_outputs_as_json_and_as_bytes() -> None:
    answer = {"labels": ["a", "b"], "probabilities": {"a": 0.75, "b": 0.5}, "unknown": True}
    labels, scores, unknown = make_outputs(answer, ("a", "b"))
    assert write_json(labels, [["a", "b"], []])["data"] == ["a|b", ""]
    assert write_json(scores, [[0.75, 0.5], [0.25, 0.125]]) == {
        "name": "probabilities", "datatype": "FP32", "shape": [2, 2], "data": [0.75, 0.5, 0.25, 0.125],
    }  # fmt: skip
    about, content = write_bytes(scores, [[0.75, 0.5], [0.25, 0.125]])
    assert about["parameters"] == {"binary_data_size": 16}
    np.testing.assert_array_equal(np.frombuffer(content, "<f4"), [0.75, 0.5, 0.25, 0.125])
    assert write_bytes(unknown, [True, False])[1] == b"\x01\x00"
    assert write_bytes(labels, [["a", "b"], ["\u00e4"]])[1] == pack(b"a|b", "\u00e4".encode())
