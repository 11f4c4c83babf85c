from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.inference import own_pictures
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.output.form import PICTURE


def test_the_picture_of_each_item_is_read_in_order_and_once_its_row_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_one(item: Item) -> Any:
        read.append(item.name)
        values = None if item.problem else tf.constant(np.full((2, 3, 3), 254.6, np.float32))
        return SimpleNamespace(values=values)

    reader = SimpleNamespace(read=read_one)
    monkeypatch.setattr(own_pictures, "make_image_reader", lambda config, plan, is_fitted: reader)
    config: Any = None
    pictures = own_pictures.Pictures(config, {})
    assert [item.name for item in pictures.keep([Item("a"), Item("b", problem="no image")])] == ["a", "b"]
    assert read == []
    found = pictures.add_to([[{"input": "a"}, {"input": "b"}]])
    (first,) = next(found)
    pixels = first[PICTURE]
    assert first["input"] == "a" and pixels.dtype == np.uint8 and pixels.shape == (2, 3, 3) and pixels.min() == 255
    assert read == ["a"], "one picture at a time"
    assert list(found) == [[{"input": "b", PICTURE: None}]]
