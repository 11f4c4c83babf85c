"""Calls with arguments that a function does not have."""

from __future__ import annotations

from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api.call_check import check_call

NOTHING: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("function", "arguments", "options", "said"),
    [
        ("predict", ("run", "x"), {"inpt": "y"}, r"^kt.predict has no argument 'inpt'; did you mean 'input'\?$"),
        ("fine_tune", (), NOTHING, r"^kt.fine_tune: missing a required argument: 'data'; write  kt.fine_tune\(data\)$"),
        ("open_run", (), NOTHING, r"write  kt.open_run\(path\)$"),
        ("runs", (), {"zzz": 1}, "^kt.runs has no argument 'zzz'; it takes directory"),
        ("predict", ("run", "x", "y"), NOTHING, r"^kt.predict: too many positional arguments; write  kt.predict\("),
    ],
)
def test_a_call_that_does_not_fit_is_one_sentence(
    function: str, arguments: tuple[Any, ...], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(kt.ConfigError, match=said):
        getattr(kt, function)(*arguments, **options)


def test_methods_of_a_run_are_named_so(tmp_path: Any) -> None:
    with pytest.raises(kt.ConfigError, match=r"^run.predict has no argument 'inpt'; did you mean 'input'\?$"):
        kt.Run(tmp_path).predict("x", inpt="y")  # type: ignore[call-arg]


def test_what_fits_passes() -> None:
    check_call(kt.fine_tune, ("photos",), {"anything": 1})
