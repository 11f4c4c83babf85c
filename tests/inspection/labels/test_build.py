from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.inspection.labels.build import FIND_SUSPECTS, find_apart


def test_all_kinds_but_masks_boxes_and_texts_are_looked_at() -> None:
    assert set(get_args(LabelKind)) - set(FIND_SUSPECTS) == {"mask", "boxes", "text"}


@pytest.mark.parametrize("kind", ["one", "values"])
def test_labels_of_test_decide_nothing_of_the_others(kind: LabelKind) -> None:
    random = np.random.default_rng(2)
    labels = np.arange(160) % 2
    features = (labels[:, None] * 2 - 1 + random.normal(size=(160, 5)) * 0.3).astype(np.float32)
    is_test, wrong = np.arange(160) >= 110, np.array([7, 30, 112, 131])
    labels[wrong] = 1 - labels[wrong]
    of_kind = {"one": labels, "values": (10.0 * labels + random.normal(size=160) * 0.3)[:, None]}[kind]
    changed = of_kind.copy()
    changed[is_test] = changed[is_test][::-1]
    folds = np.arange(160) // 2 % 5
    before, after = (
        find_apart(FIND_SUSPECTS[kind], features, each, ["a", "b"] if kind == "one" else ["v"], folds, is_test)
        for each in (of_kind, changed)
    )
    assert {each.position for each in before} == set(wrong.tolist())
    assert [each.doubt for each in before] == sorted((each.doubt for each in before), reverse=True)
    assert [each for each in after if not is_test[each.position]] == [
        each for each in before if not is_test[each.position]
    ]
    assert after != before
    nowhere = find_apart(FIND_SUSPECTS["one"], features, labels, ["a", "b"], folds, np.zeros(160, bool))
    assert {each.position for each in nowhere} == set(wrong.tolist())
