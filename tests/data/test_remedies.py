from __future__ import annotations

from kerastune_ft.data.remedies import how_to_skip, reading_other_data


def test_an_option_is_named_where_it_can_be_written() -> None:
    assert how_to_skip(["bad_files"], "them") == 'write  "bad_files": "skip"  in data to leave them out'
    with reading_other_data("photos/"):
        assert how_to_skip(["bad_files"], "them") == "take them out of photos/"
    assert "bad_files" in how_to_skip(["bad_files"], "them")
