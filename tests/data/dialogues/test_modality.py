from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import TfdsData
from kerastune_ft.data.embedded import DIALOGUES, embedded_dialogues
from tests.support.dialogue_files import open_texts


@pytest.mark.parametrize("name", DIALOGUES)
def test_embedded_sets_are_read_in_their_own_splits(tmp_path: Path, name: str) -> None:
    source = open_texts(TfdsData(name=name), tmp_path / "cache")
    module = embedded_dialogues(name)
    assert source.info.sizes == {split: len(span) for split, span in module.SPLITS.items()}
    for index in (0, 300, 599):
        *context, last = source.read_dialogue(index)
        assert [(turn.role, turn.content) for turn in context] == list(module.context(index))
        assert (last.role, last.content) == ("assistant", module.answer(index))
    assert len(set(source.contents)) == module.EXAMPLES
    assert all("identical" not in note for note in source.info.notes)
