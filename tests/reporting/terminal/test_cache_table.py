from __future__ import annotations

from rich.console import Console

from kerastune_ft.reporting.terminal.cache_table import build_cache_table

STORE = {
    "key": "0123456789abcdef", "about": {"backbone": "VGG16"}, "rows": 1200, "bytes": 12_000, "in_use": False,
    "used": "2025-03-01T09:00:00+00:00",
}  # fmt: skip


def show(**kept: object) -> str:
    console = Console(width=200)
    everything = {
        "stores": [], "others": [], "stored_bytes": 12_000, "budget_bytes": 2e10, "bytes": 13_000,
        "directory": "/cache",
    }  # fmt: skip
    with console.capture() as captured:
        console.print(build_cache_table({**everything, **kept}))
    return captured.get()


def test_a_store_is_a_row_with_the_beginning_of_its_key() -> None:
    text = show(stores=[STORE, {**STORE, "in_use": True}])
    first, second = (line for line in text.splitlines() if "VGG16" in line)
    for cell in ("01234567", "1,200", "12.0 kB", "2025-03-01 09:00"):
        assert cell in first
    assert "89abcdef" not in text
    assert "in use" in second
    assert "cache --clear" in text


def test_an_empty_cache_tells_budget_and_place_alone() -> None:
    text = show()
    assert "stored features 12.0 kB of at most 20.0 GB" in text
    assert "13.0 kB in all in /cache" in text
    assert "--clear" not in text


def test_the_inputs_of_a_store_are_lengths_of_texts_or_sizes_of_images() -> None:
    about = {"backbone": "Bert", "image_size": [0, 0], "length": 48, "views": False, "data": "mail"}
    text = show(stores=[
        {**STORE, "about": about}, {**STORE, "about": {**about, "image_size": [96, 64], "length": None}},
        {**STORE, "about": {**about, "length": None}},
    ])  # fmt: skip
    rows = [line.split()[2:5] for line in text.splitlines() if "Bert" in line]
    assert rows == [["48", "tokens", "mail"], ["96", "x", "64"], ["–", "mail", "1,200"]]  # noqa: RUF001
    assert "views" not in text
    assert "views" in show(stores=[{**STORE, "about": {**about, "views": True}}])
