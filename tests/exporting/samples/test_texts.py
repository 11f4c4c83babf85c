from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from kerastune_ft.exporting.samples import texts


def test_pairs_have_a_tab_between_and_nowhere_else(tmp_path: Path) -> None:
    source = SimpleNamespace(texts=[("a\tb", "c"), ("d", "e")])
    assert texts.give(source, [1, 0], tmp_path, tmp_path) == ["d\te", "a b\tc"]


def test_texts_of_the_same_sizes_are_made_for_measuring(tmp_path: Path) -> None:
    sizes = texts.measure_sizes(["word word w", "a\tbcd"])
    assert sizes == [[11], [1, 3]]
    assert texts.measure_sizes(texts.imitate(sizes, tmp_path)) == sizes
