from __future__ import annotations

import itertools

from kerastune_ft.inspection.choice import choose_left_out, describe_rule
from kerastune_ft.inspection.contents.base import CONSTANT, Fault
from kerastune_ft.inspection.findings import CONFLICTS, EXACT, LABELS, NEAR, Example
from kerastune_ft.inspection.labels.base import Suspect


def _examples(*splits: str) -> list[Example]:
    return [Example(f"{number}.png", split, "a", None, "") for number, split in enumerate(splits)]


def _choose(examples: list[Example], held: list[int], exact: bool = False) -> dict[int, str]:
    near = [] if exact else list(itertools.combinations(held, 2))
    return dict(choose_left_out(examples, [held] if exact else [], near, [], [], []).reasons)


def test_of_copies_the_one_in_test_stays() -> None:
    splits = _examples("train", "test", "validation", "train")
    assert _choose(splits, [0, 1]) == {0: "nearly a copy of 1.png in test"}
    assert _choose(splits, [0, 1, 2, 3]) == dict.fromkeys((0, 2, 3), "nearly a copy of 1.png in test")
    assert _choose(splits, [2, 3], exact=True) == {3: "copy of 2.png in validation"}
    # All in one split: the first by name stays, in test as well.
    assert _choose(splits, [0, 3]) == {3: "nearly a copy of 0.png in train"}
    assert _choose(_examples("test", "test"), [0, 1]) == {1: "nearly a copy of 0.png in test"}
    for exact, words in ((False, "nearly a copy"), (True, "copy")):
        left = _choose(_examples("test", "test", "train"), [0, 1, 2], exact)
        assert left == {2: f"{words} of 0.png in test"}


def _name(*split_and_label: tuple[str, str]) -> list[Example]:
    return [Example(f"{number}.png", *each, None, "") for number, each in enumerate(split_and_label)]


def test_a_copy_of_a_copy_stays_where_it_is_none_itself() -> None:
    chain = [(0, 1), (1, 2), (2, 3), (3, 4)]
    found = choose_left_out(_examples(*["train"] * 5), [], chain, [], [], [])
    assert found.reasons == {1: "nearly a copy of 0.png in train", 3: "nearly a copy of 2.png in train"}
    # By way of what is in validation the one in train is no copy of that in test.
    found = choose_left_out(_examples("test", "validation", "train"), [], [(0, 1), (1, 2)], [], [], [])
    assert found.reasons == {1: "nearly a copy of 0.png in test"}
    # What goes with its label takes no copy along, and only what contradicts it goes.
    examples = _name(("train", "a"), ("train", "b"), ("train", "a"), ("train", "a"))
    found = choose_left_out(examples, [], [(0, 1), (0, 2), (2, 3)], [(0, 1)], [], [])
    assert found.kinds == {0: CONFLICTS, 1: CONFLICTS, 3: NEAR}


def test_exact_copies_are_near_copies_of_what_one_of_them_is() -> None:
    examples = _name(("train", "a"), ("train", "a"), ("train", "a"))
    assert choose_left_out(examples, [[1, 2]], [(0, 2)], [], [], []).kinds == {2: EXACT, 1: NEAR}
    examples[0] = Example("0.png", "validation", "b", None, "")
    found = choose_left_out(examples, [[1, 2]], [(0, 2)], [(0, 2)], [], [])
    assert found.kinds == dict.fromkeys((0, 1, 2), CONFLICTS)


def test_two_of_test_with_different_labels_stay() -> None:
    examples = _name(("test", "a"), ("test", "b"), ("test", "a"))
    assert set(choose_left_out(examples, [[0, 1, 2]], [], [[0, 1, 2]], [], []).kinds) == {2}
    near = [(0, 1), (0, 2), (1, 2)]
    assert set(choose_left_out(examples, [], near, near, [], []).kinds) == {2}


def test_of_test_nothing_goes_for_its_label() -> None:
    examples = _examples("train", "test", "validation", "train", "train", "test")
    examples[3] = Example("3.png", "train", "b", None, "")
    flat = [Fault(4, CONSTANT, "all white"), Fault(5, CONSTANT, "all white")]
    suspects = [Suspect(each, "a", "b", 1.0, "p", True) for each in (0, 1, 2)]
    suspects.append(Suspect(4, "a", "b", 0.6, "p", False))
    found = choose_left_out(examples, [], [(2, 3)], [[2, 3]], flat, suspects)
    assert found.kinds == {4: CONSTANT, 2: CONFLICTS, 3: CONFLICTS, 0: LABELS}
    assert found.reasons[2] == "labelled a; its copy 3.png b"
    assert found.positions == [0, 2, 3, 4]
    assert {EXACT, NEAR}.isdisjoint(found.kinds.values())


def test_labels_agree_by_their_content_where_their_text_does_not_say_it_all() -> None:
    # Masks are called by their files, and boxes by how many there are.
    masks = [Example("0.png", "train", "m/0.png", None, "", "00"), Example("1.png", "test", "m/1.png", None, "", "00")]
    assert masks[0].agrees_with(masks[1])
    boxes = [Example("0.png", "train", "2 cell", None, "", "00"), Example("1.png", "test", "2 cell", None, "", "ff")]
    assert not boxes[0].agrees_with(boxes[1])
    found = choose_left_out(boxes, [[0, 1]], [], [[0, 1]], [], [])
    assert found.reasons == {0: "its copy 1.png has other boxes"}
    # Of test nothing goes for a copy that differs.
    assert choose_left_out([boxes[1], boxes[0]], [[0, 1]], [], [[0, 1]], [], []).kinds == {1: CONFLICTS}


def test_the_rule_says_nothing_of_what_was_not_looked_for() -> None:
    whole = describe_rule(())
    assert "show or say nothing and those whose label is nearly certainly wrong; from train and validation" in whole
    bare = describe_rule({CONSTANT, LABELS, CONFLICTS})
    assert whole.startswith(bare) and bare.endswith("within one split the first stays")
    assert "label" not in describe_rule({LABELS, CONFLICTS})
