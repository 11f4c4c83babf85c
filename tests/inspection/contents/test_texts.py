from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.contents.texts import Texts


def test_texts_that_say_the_same_have_one_hash_and_pairs_are_told_apart() -> None:
    found = Texts([("A good film!",), ("a good  film",), ("another one",), ("",)])
    assert found.hashes[0] == found.hashes[1] != found.hashes[2]
    pairs = Texts([("a b", "c"), ("a", "b c")])
    assert pairs.hashes[0] != pairs.hashes[1]


def test_copies_and_texts_of_no_letters() -> None:
    long = "the story is told with care and much quiet humour until the very end"
    found = Texts([(long,), (f"{long} of it",), ("x",), ("something else that has nothing to do with the others",)])
    (pair,) = found.find_copies(None, np.zeros(4), lambda done, total: None).pairs
    assert (pair.first, pair.second) == (0, 1)
    assert [(fault.position, fault.kind) for fault in found.faults] == [(2, "small")]
