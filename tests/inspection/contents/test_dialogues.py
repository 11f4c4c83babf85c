from __future__ import annotations

from kerastune_ft.data.dialogues.turns import Dialogue, Turn, make_pair
from kerastune_ft.inspection.contents.dialogues import Dialogues, find_odd_lengths

STORY = "the story is told with care and much quiet humour until the very end"
ASKED = "hours of opening"
REPLY = "we open at nine in the morning and close at six in the evening on weekdays"


def make(*pairs: tuple[str, str]) -> Dialogues:
    return Dialogues([make_pair(*pair) for pair in pairs], [answer for _, answer in pairs])


def copies(found: Dialogues) -> list[tuple[int, int]]:
    return [(pair.first, pair.second) for pair in found.find_copies(None, None, lambda done, total: None).pairs]  # type: ignore[arg-type]


def test_exact_copies_differ_in_blanks_alone() -> None:
    found = make(("a b", "c"), ("a  b\n", " c"), ("A b", "c"), ("a b", "c."), ("a", "b c"))
    assert found.hashes[0] == found.hashes[1]
    assert len(set(found.hashes)) == 4


def test_near_copies_have_like_answers_and_one_replaces_the_other_where_prompts_are_alike_too() -> None:
    found = make((ASKED, REPLY), (f"{ASKED} hello", f"{REPLY} too"), ("when?", REPLY), (ASKED, "no"), ("hm", "!"))
    assert (0, 1) in copies(found) and (0, 2) in copies(found)
    assert found.may_replace(0, 1)
    # Another question with the same long answer is worth learning.
    assert not found.may_replace(0, 2)
    assert not any(3 in pair for pair in copies(found))


def test_prompts_with_several_answers_are_none_that_are_alike() -> None:
    found = make((STORY, "yes"), (STORY, "no"), (f"{STORY} of it", "perhaps, who knows"), ("sum?", "3"), ("sum?", "3"))
    assert found.find_several_answers() == [[0, 1]]
    assert {(pair.first, pair.second) for pair in found.find_like_prompts()} == {(0, 2), (1, 2)}
    plain = Dialogues([(Turn("text", STORY),), (Turn("text", f"{STORY}!"),)], ["", ""])
    assert (plain.find_several_answers(), plain.find_like_prompts(), plain.find_echoes()) == ([], [], [])
    assert copies(plain) == [(0, 1)]


def test_instructions_that_all_share_make_nothing_alike() -> None:
    system = Turn("system", "You are a helpful assistant that answers questions shortly and politely. " * 4)
    dialogues: list[Dialogue] = [(system, *make_pair("who?", "me")), (system, *make_pair("where?", "over there"))]
    found = Dialogues(dialogues, ["me", "over there"])
    assert copies(found) == []
    assert found.find_like_prompts() == []


def test_answers_that_repeat_what_was_asked_last() -> None:
    found = make((STORY, f"{STORY}."), ("yes", "yes"), (STORY, "it is told with care"))
    assert found.find_echoes() == [0]


def test_odd_lengths_are_far_from_most_by_a_factor_and_by_what_is_usual() -> None:
    lengths = [*range(40, 80), 900, 3]
    odd = find_odd_lengths(lengths, "its answer has")
    assert [(fault.position, fault.kind) for fault in odd] == [(40, "odd"), (41, "small")]
    assert odd[0].words == "its answer has 900 characters, where most have 59.5 or so"
    # Where lengths are spread so anyway, none is odd.
    assert find_odd_lengths([2**power for power in range(16)], "") == []
    assert find_odd_lengths([50] * 10 + [5000], "") == []
