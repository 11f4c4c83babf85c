from __future__ import annotations

import pytest
from rich.console import Console

from kerastune_ft.reporting.terminal.fitting import GIVES_WAY, Column, FittedTable, LabelledLines, fit_columns

RUNS = FittedTable([
    Column("run", ["photos-1", "a-rather-long-name-of-photos-12"]), Column("state", ["done", "interrupted"]),
    Column("phase", ["top 3", "head 1"]), Column("data", ["photos", "photos"]), Column("test", ["0.5", "0.7"], True),
    Column("started", ["2025-03-01 09:00", "2025-03-01 09:00"]), Column("training", ["61.0 s", "3 min 12 s"], True),
])  # fmt: skip


def render(renderable: object, width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(renderable, crop=False)
    return captured.get()


def test_a_table_that_fits_is_whole() -> None:
    text = render(RUNS, RUNS.full_width)
    assert "--wide" not in text
    for column in RUNS.columns:
        for word in (column.heading, *column.cells):
            assert word in text


@pytest.mark.parametrize("width", range(54, 112, 4))
def test_columns_give_way_in_order_and_no_word_is_broken(width: int) -> None:
    kept, _ = fit_columns(RUNS.columns, width)
    gone = [one.heading for one in RUNS.columns if one not in kept]
    order = [heading for heading in GIVES_WAY if heading in RUNS.headings]
    assert sorted(gone, key=order.index) == order[: len(gone)]
    text = render(RUNS, width)
    assert max(map(len, text.splitlines())) <= width
    for column in kept:
        for cell in column.cells:
            assert cell in text
    if gone:
        assert f"without {', '.join(gone)} for want of width (see --wide)" in " ".join(text.split())


def test_the_next_column_leaves_only_where_it_must() -> None:
    for width in range(54, 112):
        kept, _ = fit_columns(RUNS.columns, width)
        wider, _ = fit_columns(RUNS.columns, width + 1)
        assert len(wider) - len(kept) in (0, 1)


def test_cells_of_several_words_wrap_between_them_before_a_column_leaves() -> None:
    table = FittedTable([
        Column("name", ["folder of class folders of sounds", "tfds"]), Column("kind", ["audio_classification", "x"]),
    ])  # fmt: skip
    text = render(table, 44)
    assert "audio_classification" in text
    assert "--wide" not in text
    words = {word for line in text.splitlines() for word in line.split()}
    assert {"folder", "of", "class", "folders", "sounds"} <= words


def test_names_that_fit_in_no_way_are_shortened_in_the_middle() -> None:
    table = FittedTable([Column("run", ["a" * 40 + "-17"]), Column("state", ["done"])])
    text = render(table, 40)
    assert max(map(len, text.splitlines())) <= 40
    assert "a…" in text and "-17" in text and "done" in text
    assert "names shortened for want of width (see --wide)" in " ".join(text.split())


def test_a_first_column_stays_though_its_heading_gives_way_elsewhere() -> None:
    table = FittedTable([Column("kind", ["image_classification"]), Column("takes", ["x" * 30])])
    kept, _ = fit_columns(table.columns, 30)
    assert [column.heading for column in kept] == ["kind"]


def test_wide_characters_count_as_two_columns() -> None:
    table = FittedTable([Column("run", ["写真写真"]), Column("state", ["done"])])
    assert table.full_width == 2 + 8 + 2 + 5


def test_labelled_lines_wrap_beside_their_label_and_leave_paths_whole() -> None:
    path = "/a/path/that/is/longer/than/the/forty/columns/there/are"
    lines = render(LabelledLines([("cache", f"stores are in {path} now"), ("labels", "a, b")]), 40).splitlines()
    assert lines == ["  cache   stores are in", f"          {path}", "          now", "  labels  a, b"]


def test_a_table_of_nothing_is_no_error() -> None:
    assert "metric" in render(FittedTable([Column("metric", [])]), 80)
    render(FittedTable([]), 80)
