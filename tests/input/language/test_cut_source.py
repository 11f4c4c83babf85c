from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.language.cut_source import pack_pairs, shorten
from kerastune_ft.input.language.template import Segment

# A start, a text of six tokens, what the template has between, a text to write of four tokens and its end.
SEGMENTS = [
    Segment("<s>", False, True),
    Segment("text", False, False),
    Segment("TL;DR:", False, True),
    Segment("short", True, False),
    Segment("</s>", True, True),
]
PARTS = [np.array(own, np.int32) for own in ([1], [10, 11, 12, 13, 14, 15], [7, 8], [20, 21, 22, 23], [2])]


def cut(most: int, target_length: int | None = None) -> list[list[int]]:
    return [part.tolist() for part in shorten(SEGMENTS, PARTS, most, target_length)]


def test_what_fits_is_not_cut() -> None:
    assert cut(14) == [part.tolist() for part in PARTS]


def test_a_long_text_loses_its_end_and_what_is_written_stays_whole() -> None:
    assert cut(11) == [[1], [10, 11, 12], [7, 8], [20, 21, 22, 23], [2]]
    assert cut(8) == [[1], [], [7, 8], [20, 21, 22, 23], [2]]


def test_what_is_written_is_cut_where_nothing_else_is_left_and_keeps_its_end_token() -> None:
    assert cut(6) == [[1], [], [7, 8], [20, 21], [2]]


def test_the_length_of_what_is_written_counts_the_token_that_ends_it() -> None:
    assert cut(14, 3) == [[1], PARTS[1].tolist(), [7, 8], [20, 21], [2]]
    assert cut(14, 5) == [part.tolist() for part in PARTS]


def test_a_question_without_an_answer_is_cut_alike() -> None:
    assert [part.tolist() for part in shorten(SEGMENTS[:3], PARTS[:3], 5)] == [[1], [10, 11], [7, 8]]


@pytest.mark.parametrize(("limit", "lost", "of_answer"), [(13, 0, 0), (10, 3, 0), (5, 8, 2)])
def test_lost_tokens_are_counted(limit: int, lost: int, of_answer: int) -> None:
    rows = pack_pairs([SEGMENTS], [PARTS], limit)
    assert (rows.lost.tolist(), rows.lost_answer.tolist()) == ([lost], [of_answer])
    # A position fewer than tokens, since the last is only a label.
    assert rows.lengths.tolist() == [min(13, limit)]
    assert rows.learnt.sum() == 5 - of_answer
