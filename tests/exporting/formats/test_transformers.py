"""A folder of transformers is of language models alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats import transformers
from kerastune_ft.exporting.formats.base import ExportOptions


def test_what_writes_no_texts_is_refused_and_other_formats_are_named(tmp_path: Path) -> None:
    graphs: Any = None
    with pytest.raises(ConfigError, match="transformers is for language models; write onnx, saved_model"):
        transformers.write(graphs, tmp_path, ExportOptions())
    assert list(tmp_path.iterdir()) == []
