from __future__ import annotations

from kerastune_ft.inspection.choice import choose_left_out
from kerastune_ft.inspection.contents.base import CONSTANT, Fault
from kerastune_ft.inspection.findings import CONFLICTS, EXACT, LABELS, NEAR, Example
from kerastune_ft.inspection.labels.base import Suspect


def _examples(*splits: str) -> list[Example]:
    return [Example(f"{number}.png", split, "a", None, "") for number, split in enumerate(splits)]


def _choose(examples: list[Example], held: list[int], exact: bool = False) -> dict[int, str]:
    return dict(choose_left_out(examples, [held] if exact else [], [held], [], [], []).reasons)


def test_of_copies_the_one_in_test_stays() -> None:
    splits = _examples("train", "test", "validation", "train")
    assert _choose(splits, [0, 1]) == {0: "nearly a copy of 1.png in test"}
    assert _choose(splits, [0, 1, 2, 3]) == dict.fromkeys((0, 2, 3), "nearly a copy of 1.png in test")
    assert _choose(splits, [2, 3], exact=True) == {3: "copy of 2.png in validation"}
    # All in one split: the first by name stays, in test as well.
    assert _choose(splits, [0, 3]) == {3: "nearly a copy of 0.png in train"}
    assert _choose(_examples("test", "test"), [0, 1]) == {1: "nearly a copy of 0.png in test"}
    assert _choose(_examples("test", "test", "train"), [0, 1, 2]) == {2: "nearly a copy of 0.png in test"}


def test_of_test_nothing_goes_for_its_label() -> None:
    examples = _examples("train", "test", "validation", "train", "train", "test")
    examples[3] = Example("3.png", "train", "b", None, "")
    flat = [Fault(4, CONSTANT, "all white"), Fault(5, CONSTANT, "all white")]
    suspects = [Suspect(each, "a", "b", 1.0, "p", True) for each in (0, 1, 2)]
    suspects.append(Suspect(4, "a", "b", 0.6, "p", False))
    found = choose_left_out(examples, [], [[2, 3]], [[2, 3]], flat, suspects)
    assert found.kinds == {4: CONSTANT, 2: CONFLICTS, 3: CONFLICTS, 0: LABELS}
    assert found.reasons[2] == "labelled a; its copy 3.png b"
    assert found.positions == [0, 2, 3, 4]
    assert {EXACT, NEAR}.isdisjoint(found.kinds.values())
