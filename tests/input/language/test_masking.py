"""Hiding tokens: how many, which, behind what, and that draws depend on nothing but their address."""

from __future__ import annotations

import numpy as np

from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.language.masking import Masking, find_keys

_MASK, _SPECIAL = 3, np.array([0, 1, 2, 3], np.int32)
_MASKING = Masking(0.15, _MASK, _SPECIAL, np.arange(4, 100, dtype=np.int32))
_IDENTITIES = np.arange(5000, dtype=np.int64) * 977 + 5


def _rows(count: int, length: int = 40) -> np.ndarray:
    ids = np.random.default_rng(2).integers(4, 100, (count, length), dtype=np.int32)
    ids[:, 0], ids[:, length - 4], ids[:, length - 3 :] = 1, 2, 0
    return ids


def _drawn(epoch: int, views: int | None = None, phase: int = 0) -> tuple[Augmentation, int]:
    return Augmentation({}, 7, phase, views), epoch


def test_a_share_of_the_words_is_to_be_found_and_special_tokens_never_are() -> None:
    ids = _rows(2000)
    hidden, targets = _MASKING.hide(ids, find_keys(np.arange(2000), _IDENTITIES))
    found = targets["weights"] > 0
    assert set(found.sum(1)) == {5}, "15 % of 35 words"
    assert not found[:, [0, -4, -3, -2, -1]].any()
    assert (targets["labels"][found] == ids[found]).all()
    assert (targets["labels"][~found] == 0).all()
    assert (hidden[~found] == ids[~found]).all()
    behind, kept = hidden[found] == _MASK, hidden[found] == ids[found]
    assert abs(behind.mean() - 0.8) < 0.01
    # A word in a hundred that stands for another is the same by chance.
    assert abs(kept.mean() - 0.101) < 0.01
    others = hidden[found][~behind & ~kept]
    assert not np.isin(others, _SPECIAL).any()
    assert len(np.unique(others)) > 80
    # Every place is as likely as another.
    assert found[:, 1:-4].mean(0).std() < 0.012


def test_one_word_is_hidden_at_least_and_none_where_there_is_none() -> None:
    ids = np.array([[1, 9, 2, 0], [1, 2, 0, 0]], np.int32)
    _, targets = _MASKING.hide(ids, find_keys(np.arange(2), _IDENTITIES))
    assert targets["weights"].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_draws_depend_on_neither_batch_nor_padding() -> None:
    ids, order = _rows(60), np.arange(60)
    whole, _ = _MASKING.hide(ids, find_keys(order, _IDENTITIES, *_drawn(3)))
    part, _ = _MASKING.hide(ids[[41, 5]], find_keys(np.array([41, 5]), _IDENTITIES, *_drawn(3)))
    assert (part == whole[[41, 5]]).all()
    longer = np.pad(ids, [[0, 0], [0, 24]])
    padded, _ = _MASKING.hide(longer, find_keys(order, _IDENTITIES, *_drawn(3)))
    assert (padded[:, :40] == whole).all()


def test_epochs_and_phases_hide_other_words_and_views_come_again() -> None:
    ids, order = _rows(50), np.arange(50)

    def hide(*drawn: object) -> bytes:
        return _MASKING.hide(ids, find_keys(order, _IDENTITIES, *drawn))[0].tobytes()  # type: ignore[arg-type]

    fresh = [hide(*_drawn(0)), hide(*_drawn(1)), hide(*_drawn(0, phase=1)), hide()]
    assert len(set(fresh)) == 4
    assert hide() == fresh[3], "what is measured is the same each time"
    assert hide(*_drawn(0, 2)) == hide(*_drawn(2, 2)) == hide(*_drawn(4, 2, phase=1))
    assert hide(*_drawn(0, 2)) != hide(*_drawn(1, 2))
