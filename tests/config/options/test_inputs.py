"""The inputs that data.input of a table names."""

from __future__ import annotations

import pytest

from kerastune_ft.config.options.inputs import InputColumns, input_form


@pytest.mark.parametrize(
    ("image", "named"),
    [
        (None, {}),
        ("a", {"image": "a"}),
        (("a",), {"image": "a"}),
        (("a", "b"), {"image_1": "a", "image_2": "b"}),
    ],
)
def test_pictures_are_inputs_by_name(image: object, named: dict[str, str]) -> None:
    assert InputColumns(image=image).images == named


def test_every_column_is_listed_in_order() -> None:
    inputs = InputColumns(image="a", text=("b", "c"), numbers=("d",), words=("e",))
    assert inputs.every == ("a", "b", "c", "d", "e")
    assert inputs.has_columns and inputs.texts == ("b", "c")
    assert not InputColumns(image="a").has_columns


@pytest.mark.parametrize(
    ("value", "form"), [("a", "@column"), (["a", "b"], "@columns"), ({"image": "a"}, "@named"), (5, None)]
)
def test_forms_are_told_apart(value: object, form: str | None) -> None:
    assert input_form(value) == form
