"""Dialogues of prepared TensorFlow Datasets: sequences of messages, read as those of a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.dialogues.modality import Dialogues
from kerastune_ft.data.dialogues.plain_modality import PlainTexts
from kerastune_ft.data.dialogues.prepared_messages import are_message_features
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.errors import DataError

tfds = pytest.importorskip("tensorflow_datasets")
TEXT = tfds.features.Text()
SIDES = tfds.features.ClassLabel(names=["human", "gpt"])
CHATS = [
    [("user", "Is it open?"), ("assistant", "Yes.")],
    [("system", "Be kind."), ("user", "And now?"), ("assistant", "No, sorry."), ("user", "Why?")],
    [("user", "Twice?"), ("user", "Twice?"), ("assistant", "Twice.")],
]


class Prepared:
    name, inputs, splits = "chats", ("chat",), ("train",)

    def __init__(self, feature: Any, keys: tuple[str, str], chats: Any = CHATS) -> None:
        self._feature, self._keys, self._chats = feature, keys, chats

    def feature(self, name: str) -> Any:
        return self._feature

    def read(self, split: str, undecoded: object = ()) -> Iterator[Any]:
        who = self._feature.feature[self._keys[0]]
        for chat in self._chats:
            sides = [who.str2int(side) if hasattr(who, "str2int") else side.encode() for side, _ in chat]
            messages = {self._keys[0]: sides, self._keys[1]: [text.encode() for _, text in chat]}
            yield (messages,), "", []


def read(prepared: Any, folder: Path, **options: Any) -> tuple[list[str], Any]:
    """Return the answers that are stored, and the inputs."""
    data = TfdsData(kind="tfds", name="chats", input="chat", **options)
    form = Dialogues().store_form(prepared, data, ReadContext(CausalLm(kind="causal_lm"), folder, print))
    entries = list(form.write("train"))
    store: Any = SimpleNamespace(
        keys=[f"train[{row}]" for row in range(len(entries))], content=lambda row: entries[row].content
    )
    return [str(entry.label) for entry in entries], form.read(store)


def test_messages_are_read_by_their_turns_and_what_cannot_be_learnt_is_left_out(tmp_path: Path) -> None:
    feature = tfds.features.Sequence({"role": TEXT, "content": TEXT})
    prepared = Prepared(feature, ("role", "content"))
    with pytest.raises(DataError, match=r"1 dialogue of 3 in chats cannot be learnt:\n  train\[2\] .*two questions"):
        read(prepared, tmp_path)
    answers, inputs = read(prepared, tmp_path, on_missing="skip")
    assert answers == ["Yes.", "No, sorry.", ""]
    assert (list(inputs.kept), [one.path for one in inputs.skipped]) == ([0, 1], ["train[2]"])
    labels = SimpleNamespace(contradiction_of_texts="")
    said = inputs.find_notes(inputs.skipped, labels, {})
    assert "1 dialogue ends with a question, which is left out: nothing answers it" in said


def test_sides_may_be_classes_and_named_as_share_gpt_does(tmp_path: Path) -> None:
    feature = tfds.features.Sequence({"from": SIDES, "value": TEXT})
    chats = [[("human", "Is it open?"), ("gpt", "Yes.")]]
    answers, inputs = read(Prepared(feature, ("from", "value"), chats), tmp_path)
    assert (answers, list(inputs.kept)) == (["Yes."], [0])


def test_which_features_are_messages() -> None:
    assert are_message_features(tfds.features.Sequence({"role": TEXT, "content": TEXT, "id": TEXT}))
    assert not are_message_features(tfds.features.Sequence({"role": TEXT, "bbox": TEXT}))
    assert not are_message_features(tfds.features.Sequence(TEXT))
    assert Dialogues().takes_feature(TEXT)
    assert not Dialogues().takes_feature(SIDES)
    assert not PlainTexts().takes_feature(tfds.features.Sequence({"role": TEXT, "content": TEXT}))
