"""Several inputs in requests: how JSON and tensors have them, what is refused, and answers to them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.protocols.tensors import read_tensors
from kerastune_ft.serving.refusal import Refusal
from kerastune_ft.serving.several.form import SeveralForm
from tests.support.served import SEVERAL, Client, StandIn, b64, pack, picture, start, tensor

INSTANCE = {"image_bytes": b64(picture(0)), "text": "a note", "numbers": [0.75, None], "words": ["A", None]}
PREDICT = "/v1/models/cells:predict"


def test_numbers_and_words_stand_in_order_or_by_name() -> None:
    by_name = {**INSTANCE, "numbers": {"dose": None, "age": 0.75}, "words": {"arm": None, "ward": "A"}}
    assert SEVERAL.parse(INSTANCE) == SEVERAL.parse(by_name) == {
        "image": picture(0), "text": ("a note",), "numbers": (0.75, None), "words": ("A", None),
    }  # fmt: skip
    assert SEVERAL.names == tuple(INSTANCE)
    assert SEVERAL.measure(SEVERAL.sample, Limits()) < 0.01


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": [1]}, {"numbers": ["1", 2]}, {"numbers": [True, 2]}, {"numbers": {"age": 1}}, {"numbers": 3},
        {"numbers": [float("nan"), 1]}, {"words": [1, "l"]}, {"words": "A"}, {"text": ["a"]}, {"text": 3},
        {"image_bytes": "QUJD"}, {"image_bytes": {"b64": "??"}}, {"other": 1}, {"image_bytes": {"path": "/etc/passwd"}},
    ],
)  # fmt: skip
def test_what_is_no_example(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        SEVERAL.parse({**INSTANCE, **change})
    assert refused.value.status == 400
    with pytest.raises(Refusal, match="an instance is"):
        SEVERAL.parse({name: INSTANCE[name] for name in ("image_bytes", "text")})


def test_pictures_count_together_and_never_more_than_all() -> None:
    form = SeveralForm(("image_1", "image_2"), 0, (), {})
    given = {"image_1": picture(0), "image_2": picture(0), "numbers": (), "words": ()}
    assert form.measure(given, Limits(max_pixels=96)) == 1.0
    with pytest.raises(Refusal, match="together"):
        form.measure(given, Limits(max_pixels=95))


def test_the_form_is_that_of_a_run_and_of_an_export() -> None:
    inputs = InputColumns(image=("a", "b"), text=("c", "d"), numbers=("x",), words=("w",))
    columns = {"numbers": [], "words": [{"name": "w", "categories": ["k"], "missing": 0}]}
    example = {"images": {"image_1": "a", "image_2": "b"}, "texts": ["c", "d"], "numbers": ["x"], "words": {"w": ["k"]}}
    found = SeveralForm.of_columns(inputs, columns)
    assert found.names == ("image_1_bytes", "image_2_bytes", "text", "text_2", "numbers", "words")
    assert found.names == SeveralForm.of_export(example).names
    assert found.fields == SeveralForm.of_export({**example, "words": {"w": ("k",)}}).fields


def test_each_instance_has_its_answer_or_its_refusal() -> None:
    asked = [INSTANCE, {**INSTANCE, "numbers": [None, 3]}, {**INSTANCE, "numbers": ["3", 3]}, {**INSTANCE, "text": 1}]
    with start(StandIn(form=SEVERAL)) as service:
        found = Client(service).ask("POST", PREDICT, json={"instances": asked}).json()["predictions"]
        columns = {name: [each[name] for each in asked[:2]] for name in INSTANCE}
        turned = Client(service).ask("POST", PREDICT, json={"inputs": columns}).json()["outputs"]
        about = Client(service).ask("GET", "/v2/models/cells").json()["inputs"]
    assert [each.get("label") for each in found] == ["bright", "dark", None, None]
    assert "age of numbers is no number" in found[2]["error"]
    assert turned["label"] == ["bright", "dark"]
    assert [(each["datatype"], each["shape"]) for each in about] == [
        ("BYTES", [-1]), ("BYTES", [-1]), ("FP32", [-1, 2]), ("BYTES", [-1, 2]),
    ]  # fmt: skip


def test_tensors_have_a_row_for_each_example() -> None:
    numbers = np.array([[0.75, np.nan], [0.0, 2.0]], "<f8").tobytes()
    words = pack(b"A", b"l", b"O\xc3\xa9", b"")
    inputs = [
        tensor("image_bytes", data=[base64.b64encode(picture(0)).decode()] * 2),
        tensor("text", data=["a", "b"]),
        tensor("numbers", size=len(numbers), datatype="FP64", shape=[2, 2]),
        tensor("words", size=len(words), shape=[2, 2]),
    ]
    found = read_tensors(inputs, numbers + words, SEVERAL, 2)
    assert found["numbers"] == [[0.75, None], [0.0, 2.0]] and found["words"] == [["A", "l"], ["Oé", ""]]
    first, second = SEVERAL.join(found)
    assert first["numbers"] == (0.75, None) and second["words"] == ("Oé", "")  # type: ignore[call-overload, index]
    inputs[2] = tensor("numbers", datatype="FP32", shape=[2, 2], data=[[0.75, None], [0, 2]])
    assert read_tensors(inputs, words, SEVERAL, 2) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"datatype": "BYTES"}, {"shape": [2]}, {"shape": [4]}, {"data": [1, 2, 3]}, {"data": "1"}, {"data": []},
        {"data": None, "parameters": {"binary_data_size": 3}},
    ],
)  # fmt: skip
def test_tensors_that_are_no_numbers_of_the_model(wrong: dict[str, Any]) -> None:
    form = SeveralForm((), 0, ("age", "dose"), {})
    given = {**tensor("numbers", datatype="FP32", shape=[2, 2], data=[1, 2, 3, 4]), **wrong}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(Refusal):
        read_tensors([given], b"abc" if "parameters" in wrong else b"", form, 2)
    assert read_tensors([tensor("numbers", datatype="FP32", shape=[1, 2], data=[1, 2])], b"", form, 2) == {
        "numbers": [[1, 2]]
    }
