"""Answers for the rows of CSV tables, a line of JSON each: python predict.py TABLE...

The columns are those of the training table; `inputs.py`, which is beside, reads what they name and hold.
It needs tensorflow, numpy, Pillow, and of texts tensorflow-text or what preprocessing.json names.
"""

import importlib
import itertools
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

INPUTS = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("inputs.py"))))


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    if about["example"]["are_strings"]:
        importlib.import_module("tensorflow_text")  # It gives TensorFlow the operations of the tokenizer.
    elif about["text"]:
        tokenizer = about["tokenizer"]
        about["text"]["encode"] = INPUTS.open_tokenizer(Path(folder, tokenizer.pop("file")), **tokenizer)
    saved, rows = tf.saved_model.load(str(Path(folder, "1"))), SimpleNamespace(**about["text"])
    return SimpleNamespace(saved=saved, names=names, rows=rows, **about["answers"], **about["example"])


def read(model: Any, example: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the inputs of the model for those of an example, as list_examples gives; ValueError for wrong ones."""
    found: dict[str, Any] = {}
    for name in model.images:
        pixels, content = INPUTS.read_picture(model, example[name])
        is_file = model.intensity is None
        content = tf.io.encode_png(pixels[0]).numpy() if is_file and content is None else content
        found |= {f"{name}_bytes": np.array([content], object)} if is_file else {name: pixels}
    if model.texts:
        texts = INPUTS.check_texts(model, example["text"])
        strings = {name: np.array([text], object) for name, text in zip(("text", "text_2"), texts, strict=False)}
        found |= strings if model.are_strings else INPUTS.make_rows(model.rows, texts)
    if model.numbers:
        found["numbers"] = INPUTS.read_numbers(model, example["numbers"])
    return found | ({"words": np.array([INPUTS.read_words(example["words"])], object)} if model.words else {})


def predict(model: Any, examples: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Return the answer for each example, computed one by one since texts differ in length."""
    call = model.saved.signatures["serving_default"]
    found = [call(**{name: tf.constant(value) for name, value in example.items()}) for example in examples]
    return [answer(model, *(outputs[name][0].numpy().tolist() for name in model.outputs)) for outputs in found]


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
