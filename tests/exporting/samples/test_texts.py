from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kerastune_ft.exporting.samples import texts
from kerastune_ft.inference.text_inputs import list_texts


def test_pairs_have_a_tab_between_and_nowhere_else(tmp_path: Path) -> None:
    source = SimpleNamespace(texts=[("a\tb", "c"), ("d", "e")])
    assert texts.give(source, [1, 0], SimpleNamespace(), tmp_path) == ["d\te", "a b\tc"]


def test_a_text_that_is_the_name_of_a_file_is_asked_as_a_text() -> None:
    options: Any = None  # Nothing of a text is read by options.
    for given in ("see report.csv", "notes.txt", "."):
        (listing,) = list_texts(texts.ask([given], Path()), options, 1)
        (item,) = listing.items
        assert item.texts == (given,) and item.problem is None
    (listing,) = list_texts(texts.ask(["a.txt\tb"], Path()), options, 2)
    assert next(iter(listing.items)).texts == ("a.txt", "b")


def test_texts_of_the_same_sizes_are_made_for_measuring(tmp_path: Path) -> None:
    sizes = texts.measure_sizes(["word word w", "a\tbcd"])
    assert sizes == [[11], [1, 3]]
    assert texts.measure_sizes(texts.imitate(sizes, tmp_path)) == sizes
