from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.process import ExportProcess

SCRIPT = """
import json, sys

def load(folder): return str(folder)
def read(model, item): return len(item)
def predict(model, examples): return [{"length": each} for each in examples]

if __name__ == "__main__":
    for name in ("kerastune_ft", "tensorflow", "keras"):
        try:
            __import__(name)
        except ImportError:
            continue
        sys.exit(name + " can be imported")
    for item in sys.argv[1:]:
        print(json.dumps({"input": item, **predict(load("."), [read("", item)])[0]}))
"""


def write(folder: Path, text: str = SCRIPT) -> ExportProcess:
    (folder / "predict.py").write_text(text)
    return ExportProcess(folder, ("onnxruntime",), seconds=0.0)


def test_answers_come_from_a_process_without_this_package(tmp_path: Path) -> None:
    # Longer in all than a command line may be, with characters that end lines.
    long = "x" * 200_000 + "\n"
    found = write(tmp_path).answer([long, "ab"], tmp_path)
    assert found == [{"input": long, "length": 200_001}, {"input": "ab", "length": 2}]


def test_calls_are_timed_by_size_of_batch(tmp_path: Path) -> None:
    found = write(tmp_path).measure(["a", "b"])
    assert list(found) == ["1", "32"]
    assert all(set(each) == {"wall_ms", "cpu_ms"} for each in found.values())


def test_a_script_that_fails_is_said_with_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(PromiseError, match="ValueError: no weights"):
        write(tmp_path, "raise ValueError('no weights')").answer(["a"], tmp_path)
    # Python ends with 1 then, as predict.py does where one of its inputs cannot be read.
    with pytest.raises(PromiseError, match="TypeError: no text"):
        write(tmp_path, "print('{}', flush=True)\nraise TypeError('no text')").answer(["a", "b"], tmp_path)
    with pytest.raises(PromiseError, match="it said nothing"):
        write(tmp_path, json.dumps("")).answer(["a"], tmp_path)
