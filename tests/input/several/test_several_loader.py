"""The loader of several inputs gives those of its parts by name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.backbones.inputs import ImageInput
from kerastune_ft.backbones.several import SeveralInput
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.input.build import LoaderOptions, build_loader
from tests.support.several_inputs import SIDE, open_examples, read_document, write_table

INPUTS = {"image": ["left/{id}.png", "right/{id}.png"], "numbers": ["x", "y"], "words": ["state"]}


class Values:
    """A task whose targets are the labels."""

    kind = "image_regression"

    def target(self, fields: Any, geometry: Any = None) -> Any:
        return fields["label"]


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("several")
    write_table(folder, 12)
    config = read_document(folder, INPUTS)
    source = open_examples(config, folder / "cache")
    columns = ColumnEncoding.fit(source.cells, source.splits["train"]).to_json()
    names = {"image_1": ("image_1",), "image_2": ("image_2",), "columns": ("columns",)}
    given = SeveralInput(dict.fromkeys(("image_1", "image_2"), ImageInput((SIDE, SIDE))), names, columns)
    options = LoaderOptions(config.data, "seer", Path(folder), lambda line: None)
    return build_loader(source, Values(), given, options)


def test_inputs_are_by_name_and_in_order(loader: Any) -> None:
    first, second = loader.inputs(np.array([3, 1, 2, 0]), 2)
    assert {name: tuple(tensor.shape) for name, tensor in first.items()} == {
        "image_1": (2, SIDE, SIDE, 3), "image_2": (2, SIDE, SIDE, 3), "columns": (2, loader.encoding.width),
    }  # fmt: skip
    np.testing.assert_array_equal(second["columns"][1], loader.columns(np.array([0]))[0])
    (alone,) = loader.parts["image_2"].inputs(np.array([1]), 1)
    np.testing.assert_array_equal(first["image_2"][1], alone[0])


def test_facts_are_those_of_the_parts(loader: Any) -> None:
    assert loader.in_memory is None and loader.buckets is None and loader.mean_length == 1
    assert list(loader.input_spec()) == ["image_1", "image_2", "columns"]
    assert list(loader.key_parts()) == ["image_1", "image_2", "columns"]
    entry = loader.plan_entry()
    assert entry["text"] is None and entry["inputs"]["columns"]["width"] == loader.encoding.width
    assert list(loader.describe_inputs([0])[0]) == ["image_1", "image_2"]
    np.testing.assert_array_equal(loader.targets(np.array([4, 2])), loader.source.labels[[4, 2]])
    assert any("y is missing in" in note for note in loader.notes(True))
    with pytest.raises(AssertionError, match="own loader"):
        loader.batches(SimpleNamespace(), 1)
