"""The examples of a session as findings name them."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.data.splits.recorded import content_key
from kerastune_ft.data.texts.text_source import shorten
from kerastune_ft.inspection.findings import Example
from kerastune_ft.training.session.session import Session


def list_examples(session: Session, indices: np.ndarray) -> list[Example]:
    """Return these examples of a session, in their order; of labels that are texts to write the beginning."""
    source, labels = session.source, session.source.label_texts
    is_dense = session.task.predicts_masks or session.task.predicts_boxes
    writes = facts(session.config.task).learns_tokens
    split_of = {int(index): split for split, own in source.splits.items() for index in own}
    return [
        Example(
            source.keys[index],
            split_of[index],
            shorten((labels[index],)) if writes else labels[index],
            None if source.groups is None else source.groups[index],
            content_key(source.keys[index], source.input_hashes[index]),
            source.label_content(index) if is_dense or writes else "",
            writes,
        )
        for index in indices.tolist()
    ]
