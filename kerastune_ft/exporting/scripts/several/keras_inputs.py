"""Answers for the rows of CSV tables, a line of JSON each: python predict.py TABLE...

The columns are those of the training table; `inputs.py`, which is beside, reads what they name and hold.
It needs keras, numpy, Pillow, and of texts keras-hub.
"""

import importlib
import itertools
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

INPUTS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("inputs.py"))))


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    list(map(importlib.import_module, about["packages"]))
    model = keras.models.load_model(Path(folder, "model.keras"), compile=False)
    if about["text"]:
        opened = open_tokenizer(folder, about["inputs"]["text"]["tokenizer"])
        about["text"]["encode"] = lambda text: np.asarray(opened(text)).tolist()
    rows = SimpleNamespace(**about["text"])
    return SimpleNamespace(model=model, names=names, rows=rows, **about["answers"], **about["example"])


def open_tokenizer(folder: str | Path, about: dict[str, Any]) -> Any:
    """Return the tokenizer of this folder, or that of bytes, which has no files."""
    tokenizers = importlib.import_module("keras_hub").tokenizers
    if about["folder"] is None:
        return tokenizers.ByteTokenizer(lowercase=False)
    return tokenizers.Tokenizer.from_preset(str(Path(folder, about["folder"])))


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
    pixels = [{name: each[name].astype("float32") for name in model.images} for each in examples]
    found = [model.model({**each, **own}, training=False) for each, own in zip(examples, pixels, strict=True)]
    named = [each if isinstance(each, dict) else {model.outputs[0]: each} for each in found]
    return [answer(model, *(np.asarray(each[name])[0].tolist() for name in model.outputs)) for each in named]


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
