from __future__ import annotations

from kerastune_ft.exporting.readme import write_section


def test_it_names_files_and_figures() -> None:
    text = write_section({
        "name": "cells", "task": "image_classification", "format": "onnx", "files": {"a.onnx": 1_000_000},
        "endpoints": [{"name": "any_size", "file": "a.onnx", "what": "decoded images"}],
        "compared": {"largest_difference": 0.0, "unit": "of a probability", "tolerance": 0.1, "flips": [],
                     "samples": 3, "split": "test", "score": "accuracy", "run": 1.0, "export": 1.0},
        "latency": {}, "headlines": [],
    })  # fmt: skip
    assert text.startswith("## The export\n")
    assert "- `a.onnx` (`any_size`): decoded images" in text
    assert "| size | 1.00 MB in 1 file |" in text
