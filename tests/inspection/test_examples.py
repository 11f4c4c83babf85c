from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.splits.recorded import content_key
from kerastune_ft.inspection.examples import list_examples


def test_of_texts_to_write_the_beginning_is_shown_and_all_is_compared() -> None:
    answers = ["yes", f"{'word ' * 40}one", f"{'word ' * 40}two"]
    source = SimpleNamespace(
        keys=["a", "b", "c"],
        splits={"train": np.array([0, 2]), "test": np.array([1])},
        label_texts=answers,
        label_content=answers.__getitem__,
        input_hashes=["0", "1", "2"],
        groups=["p", "q", "p"],
    )
    shape = SimpleNamespace(predicts_masks=False, predicts_boxes=False)
    config = SimpleNamespace(task=CausalLm(kind="causal_lm"))
    session: Any = SimpleNamespace(source=source, config=config, task=shape)
    first, second, third = list_examples(session, np.array([0, 1, 2]))
    assert (first.key, first.split, first.label, first.group) == ("a", "train", "yes", "p")
    assert first.content == content_key("a", "0")
    assert second.label == third.label and len(second.label) < 70
    assert not second.agrees_with(third)
    assert first.to_json(with_names=False) == {"split": "train", "label": ""}
