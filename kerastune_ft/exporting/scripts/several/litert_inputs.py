"""Answers for the rows of CSV tables, a line of JSON each: python predict.py TABLE...

The columns are those of the training table; `inputs.py`, which is beside, reads what they name and hold.
It needs ai-edge-litert, numpy, Pillow, and of texts the tokenizer's library: see preprocessing.json.
"""

import itertools
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

INPUTS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("inputs.py"))))


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder: one thread, which is the fastest where others use the machine as well."""
    interpreter = Interpreter(str(Path(folder, "model.tflite")), num_threads=1)
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    if about["text"]:
        tokenizer = about["tokenizer"]
        about["text"]["encode"] = INPUTS.open_tokenizer(Path(folder, tokenizer.pop("file")), **tokenizer)
    rows = SimpleNamespace(**about["text"])
    runner, more = interpreter.get_signature_runner("examples"), {**about["answers"], **about["example"]}
    return SimpleNamespace(runner=runner, interpreter=interpreter, names=names, rows=rows, **more)


def read(model: Any, example: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the inputs of the model for those of an example, as list_examples gives; ValueError for wrong ones."""
    found = {name: INPUTS.read_picture(model, example[name])[0] for name in model.images}
    if model.texts:
        found |= INPUTS.make_rows(model.rows, INPUTS.check_texts(model, example["text"]))
    if model.numbers:
        found["numbers"] = INPUTS.read_numbers(model, example["numbers"])
    if model.words:
        cells = zip(model.words.values(), INPUTS.read_words(example["words"]), strict=True)
        found["words"] = np.array([[names.index(word) + 1 if word in names else 0 for names, word in cells]], "int32")
    return found


def predict(model: Any, examples: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Return the answer for each example, computed one by one since pictures and texts differ in size."""
    found = [model.runner(**example) for example in examples]
    return [answer(model, *(outputs[name][0].tolist() for name in model.outputs)) for outputs in found]


def answer(model: Any, row: list[float], distance: float | None = None) -> dict[str, Any]:
    """Return the outputs for one example under the names of classes or values, with the labels that follow."""
    named = dict(zip(model.names, row, strict=True))
    more = {} if distance is None else {"distance": distance, "unknown": distance > model.unknown}
    if model.are_numbers:
        return {"value": row[0]} if len(row) == 1 else {"values": named}
    if model.thresholds is None:
        return {"label": max(named, key=lambda name: named[name]), "probabilities": named, **more}
    labels = [name for name, least in zip(named, model.thresholds, strict=True) if named[name] >= least]
    return {"labels": labels, "probabilities": named, **more}


def main() -> None:
    """Print an answer or an error for each row of each TABLE; end with 1 where one could not be read."""
    model, failed = load(Path(__file__).parent), 0
    for name, example in itertools.chain(*(INPUTS.list_examples(model, table) for table in sys.argv[1:])):
        try:
            found = predict(model, [read(model, example)])[0]
        except ValueError as error:
            found, failed = {"error": str(error)}, 1
        print(json.dumps({"input": name, **found}))
    sys.exit(failed)


if __name__ == "__main__":
    main()
