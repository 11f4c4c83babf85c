"""Answers for texts, a line of JSON each: python predict.py TEXT... (needs tensorflow and tensorflow-text).

A pair of texts has a tab between them. The import of tensorflow_text gives TensorFlow the operations of its tokenizer.
"""

import json
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
import tensorflow_text  # noqa: F401


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    saved = tf.saved_model.load(str(Path(folder, "1")))
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    return SimpleNamespace(saved=saved, names=names, **about["answers"], **about["text"])


def read(model: Any, item: str) -> tuple[str, ...]:
    """Return a text, or the two of a pair; raise ValueError for what is no text."""
    item.encode()  # Half a character is an error that is a ValueError too.
    texts = tuple(part.strip() for part in (item.split("\t") if model.texts == 2 else [item]))
    seen = [any(unicodedata.category(a)[0] not in "CZ" and a not in model.invisible for a in text) for text in texts]
    if seen != [True] * model.texts:
        raise ValueError(f"there is nothing to see in it, or it is not {model.texts} text, with a tab between two")
    return texts


def predict(model: Any, examples: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return the answer for each text, computed one by one so that none is padded for another."""
    call = model.saved.signatures["text"]
    found = [
        call(**{name: tf.constant([text]) for name, text in zip(("text", "second"), each, strict=False)})
        for each in examples
    ]
    return [answer(model, *(outputs[name][0].numpy().tolist() for name in model.outputs)) for outputs in found]


def answer(model: Any, row: list[float], distance: float | None = None) -> dict[str, Any]:
    """Return the outputs for one text under the names of classes or values, with the labels that follow from them."""
    named = dict(zip(model.names, row, strict=True))
    more = {} if distance is None else {"distance": distance, "unknown": distance > model.unknown}
    if model.are_numbers:
        return {"value": row[0]} if len(row) == 1 else {"values": named}
    if model.thresholds is None:
        return {"label": max(named, key=lambda name: named[name]), "probabilities": named, **more}
    labels = [name for name, least in zip(named, model.thresholds, strict=True) if named[name] >= least]
    return {"labels": labels, "probabilities": named, **more}


def main() -> None:
    """Print an answer or an error for each TEXT; end with 1 where one is no text."""
    model, failed = load(Path(__file__).parent), 0
    for item in sys.argv[1:]:
        try:
            found = predict(model, [read(model, item)])[0]
        except ValueError as error:
            found, failed = {"error": str(error)}, 1
        print(json.dumps({"input": item, **found}))
    sys.exit(failed)


if __name__ == "__main__":
    main()
