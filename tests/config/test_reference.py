from __future__ import annotations

import re
from typing import Any

from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.reference import reference
from kerastune_ft.config.schema import defaults

PAGE = reference()
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("## ")[1:]}


def keys(title: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", SECTIONS[title], re.M))


def test_every_default_is_in_the_row_of_its_key() -> None:
    shown: dict[str, Any] = defaults()
    assert keys("Top level") >= {key for key in shown if key != "not in this version"}
    assert keys("Phase") == set(shown["phases"][0])
    assert keys("Runtime") == set(shown["runtime"])
    assert keys("Output") == set(shown["output"])
    assert keys("Every kind of data") | keys("Folder data") == set(shown["data"]["folder"])
    assert keys("Every kind of data") | keys("TensorFlow Datasets") == set(shown["data"]["tfds"])
    assert keys("keras-hub") == set(shown["backbone"]["keras_hub"])
    assert "| `batch_size` | whole number from 1 | `32` |" in SECTIONS["Phase"]
    assert "| `name` | text | required |" in SECTIONS["Phase"]
    assert '| `intensity` | `auto`, list: number, number | `"auto"` |' in SECTIONS["Every kind of data"]


def test_presets_and_options_of_optimizers_are_listed() -> None:
    assert keys("Presets of phases") == set(PRESETS)
    assert keys("Options of optimizers") == set(OPTIMIZER_OPTIONS)
    assert keys("Optimizer") == {"name"}


def test_every_section_is_linked_and_every_cell_is_of_its_table() -> None:
    links = set(re.findall(r"\]\(#([a-z0-9-]+)\)", PAGE))
    titles = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    alone = {"top-level", "every-kind-of-data", "presets-of-phases", "options-of-optimizers"}
    assert links == titles - alone
    for line in PAGE.splitlines():
        if line.startswith("| ") and SECTIONS["Presets of phases"].find(line) < 0:
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 5), line
