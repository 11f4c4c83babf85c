from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kerastune_ft.config.options.heads import Head


def test_auto_leaves_levels_and_stride_to_the_plan() -> None:
    assert Head.model_validate({"levels": "auto", "stride": "auto"}) == Head()
    assert Head.model_validate({"levels": [3, 4], "stride": 4}).to_json() | {"levels": 0} == {
        **Head().to_json(), "levels": 0, "stride": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    "options", [{"stride": "fine"}, {"stride": 3}, {"levels": "fine"}, {"levels": [4, 3]}, {"levels": [3, 5]}]
)
def test_other_words_and_orders_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Head.model_validate(options)


def test_editors_offer_what_is_taken() -> None:
    (words, nothing) = Head.model_json_schema()["properties"]["stride"]["anyOf"]
    assert set(words["enum"]) == {"auto", 1, 2, 4, 8, 16} and nothing == {"type": "null"}
