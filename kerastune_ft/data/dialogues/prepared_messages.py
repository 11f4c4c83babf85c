"""Dialogues of a prepared TensorFlow Datasets builder: a feature that is a sequence of messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.data.dialogues.dialogue_rows import MessageRows
from kerastune_ft.data.dialogues.messages import KEYS
from kerastune_ft.data.files.array_values import decode_text
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.modality import PreparedExamples, ReadContext, StoredForm
from kerastune_ft.data.record_store import Entry, RecordStore

# Counted up when what is stored changes, so that an older store is not taken for one of today.
_STORE_VERSION = 1


def are_message_features(feature: Any) -> bool:
    """Return whether a feature is a sequence of objects with a role and a content, or with `from` and `value`."""
    return _find_keys(feature) is not None


def _find_keys(feature: Any) -> tuple[str, str] | None:
    import tensorflow_datasets as tfds

    inner = getattr(feature, "feature", None)
    if not isinstance(feature, tfds.features.Sequence) or not isinstance(inner, tfds.features.FeaturesDict):
        return None
    return next((keys for keys in KEYS if set(keys) <= {*inner}), None)


def make_message_form(name: str, examples: PreparedExamples, options: TfdsData, context: ReadContext) -> StoredForm:
    """Return how dialogues, the feature `name`, are stored: as JSON lists of messages, with their last answer."""
    feature = examples.feature(name)
    keys = _find_keys(feature)
    assert keys is not None

    def write(split: str) -> Iterator[Entry]:
        for position, ((messages,), label, group) in enumerate(examples.read(split)):
            place = f"data.input: {name} of {split}[{position}]"
            content = json.dumps(_list_messages(messages, keys, feature.feature, place))
            rows = MessageRows([content], [f"{split}[{position}]"], examples.name, name, options, context.rules)
            yield Entry(content.encode(), label if options.label is not None else rows.answers[0], group)

    def read(store: RecordStore) -> Inputs:
        cells = [store.content(index).decode() for index in range(len(store.keys))]
        rows = MessageRows(cells, store.keys, examples.name, name, options, context.rules)
        kept, skipped = rows.select(range(len(cells)))
        return replace(rows.read(kept), kept=kept, skipped=skipped)

    return StoredForm(["messages", _STORE_VERSION, name], write, read)


def _list_messages(messages: Any, keys: tuple[str, str], features: Any, place: str) -> list[dict[str, str]]:
    """Return messages as lists of objects; those of a builder are an object of lists, a role by its name."""
    columns = [[_as_text(value, features[key], place) for value in messages[key]] for key in keys]
    return [dict(zip(keys, each, strict=True)) for each in zip(*columns, strict=True)]


def _as_text(value: Any, feature: Any, place: str) -> str:
    if isinstance(value, bytes):
        return decode_text(value, place)
    return str(feature.int2str(int(value))) if hasattr(feature, "int2str") else str(value)
