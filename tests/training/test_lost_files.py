from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from kerastune_ft.errors import DataError
from kerastune_ft.training.lost_files import naming_lost_files


def source(*lost: tuple[str, str], place: str = "data.path") -> Any:
    return SimpleNamespace(find_lost=lambda: list(lost), keys=["a.png", "b.png"], place=place)


def error(kind: type) -> tf.errors.OpError:
    return kind(None, None, "the pipeline failed")


def test_files_that_are_gone_are_named() -> None:
    with (
        pytest.raises(DataError, match=r"1 file of 2 could be read .*:\n  a.png  is not there\n"),
        naming_lost_files(source(("a.png", "is not there"))),
    ):
        raise error(tf.errors.NotFoundError)


def test_of_several_those_are_named_that_lack_something() -> None:
    noise = source(("rain.wav", "is another one now"), place="top.augment.noise")
    with (
        pytest.raises(DataError, match=r"top\.augment\.noise: 1 file of 2 .*:\n  rain.wav  is another one"),
        naming_lost_files(source(), None, noise),
    ):
        raise error(tf.errors.UnknownError)


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        (tf.errors.NotFoundError, []),
        (tf.errors.ResourceExhaustedError, [("a.png", "is not there")]),
        (tf.errors.CancelledError, [("a.png", "is not there")]),
    ],
)
def test_what_says_nothing_about_a_file_stays_as_it_is(kind: type, lost: list[tuple[str, str]]) -> None:
    with pytest.raises(kind), naming_lost_files(source(*lost)):
        raise error(kind)
