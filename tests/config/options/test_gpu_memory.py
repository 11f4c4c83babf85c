from __future__ import annotations

import pytest

from kerastune_ft.config.options.gpu_memory import gpu_bytes
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from tests.support.config_cases import MINIMAL, messages, with_change


@pytest.mark.parametrize(
    ("written", "size"), [("grow", None), ("all", None), ("8GB", 8 * 10**9), (2**30, 2**30), ("500 MiB", 500 * 2**20)]
)
def test_words_and_sizes(written: str | int, size: int | None) -> None:
    assert gpu_bytes(read(with_change("runtime.gpu_memory", written)).runtime.gpu_memory) == size


@pytest.mark.parametrize("written", ["gro", True, None, 0.5, "8 apples", [8]])
def test_anything_else_says_what_to_write(written: object) -> None:
    assert (
        'write "grow", "all", or a size as text like 8GB'
        in messages(with_change("runtime.gpu_memory", written))["runtime.gpu_memory"]
    )


@pytest.mark.parametrize(
    ("written", "said"), [(8, "8 B is too little"), ("8MB", "8.0 MB is too little"), (-1, "-1 is")]
)
def test_a_number_in_another_unit_is_not_taken_for_bytes(written: object, said: str) -> None:
    assert said in messages(with_change("runtime.gpu_memory", written))["runtime.gpu_memory"]


def test_the_usual_value_is_in_the_hash_as_before() -> None:
    assert config_hash(read(MINIMAL)) == config_hash(read(with_change("runtime.gpu_memory", "grow")))
