from __future__ import annotations

from dataclasses import replace

from kerastune_ft.data.source import DataInfo, SkippedFile


def test_what_was_left_out_comes_before_the_notes() -> None:
    info = DataInfo("folder", "photos", 2, ("a", "b"), {"train": 2}, {}, {}, {}, "", notes=("splits were made",))
    assert info.list_notes() == ("splits were made",)
    cut = replace(info, skipped=(SkippedFile("a/1.png", "is cut"),))
    assert cut.list_notes() == ("1 example left out: a/1.png (is cut)", "splits were made")
    assert cut.list_notes(show_names=False) == ("1 example left out", "splits were made")
    assert cut.to_json()["notes"] == ["splits were made"]
