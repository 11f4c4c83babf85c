"""The backbone of several inputs is made of those that are written, or is that of an earlier run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.backbones.several import SeveralInput
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.session import several_inputs
from tests.support.several_inputs import image_backbone, open_examples, read_document, text_backbone, write_table

INPUTS = {"image": "left/{id}.png", "numbers": ["x", "y"], "words": ["state"]}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the builder of backbones gives, which a test chooses."""
    made: list[Any] = []
    monkeypatch.setattr(several_inputs.build, "build", lambda *given: made[0])
    return made


def test_columns_are_encoded_by_the_training_split(tmp_path: Path, built: list[Any]) -> None:
    write_table(tmp_path, 12)
    config = read_document(tmp_path, INPUTS)
    source = open_examples(config, tmp_path / "cache")
    built.append(image_backbone())
    given: Any = several_inputs.build_backbone(config, source).input
    train = source.splits["train"]
    (x, _) = given.columns["numbers"]
    assert x["mean"] == pytest.approx(source.cells.numbers["x"][train].mean())
    assert list(given.names) == ["image", "columns"]


def test_a_backbone_of_another_modality_is_refused(tmp_path: Path, built: list[Any]) -> None:
    built.append(text_backbone())
    with pytest.raises(ConfigError, match="backbone: reader takes texts, and here it reads images"):
        several_inputs.build_backbone(read_document(tmp_path, INPUTS), None)


def test_an_earlier_run_must_have_had_the_same_inputs(tmp_path: Path, built: list[Any]) -> None:
    columns = {"numbers": [{"name": "x"}], "words": [], "width": 1}
    given = SeveralInput({"image": image_backbone().input}, {"image": ("image",)}, columns)
    built.append(SimpleNamespace(input=given))
    with pytest.raises(
        ConfigError, match="had the inputs image with columns x, and here they are image with columns x, y"
    ):
        several_inputs.build_backbone(read_document(tmp_path, INPUTS), None)
    alike = read_document(tmp_path, {"image": "left/{id}.png", "numbers": ["x"]})
    assert several_inputs.build_backbone(alike, None) is built[0]
