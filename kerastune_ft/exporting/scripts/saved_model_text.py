"""Answers for texts, a line of JSON each: python predict.py TEXT... (needs tensorflow, numpy and its tokenizer).

A pair of texts has a tab between them. The tokenizer is that of tokenizers or sentencepiece: see preprocessing.json.
"""

import json
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf


def load(folder: str | Path) -> SimpleNamespace:
    """Return the model of this folder."""
    saved = tf.saved_model.load(str(Path(folder, "1")))
    about, names = (json.loads(Path(folder, f"{name}.json").read_text("utf-8")) for name in ("preprocessing", "labels"))
    about["text"]["encode"] = open_tokenizer(Path(folder, about["tokenizer"].pop("file")), **about["tokenizer"])
    return SimpleNamespace(saved=saved, names=names, **about["answers"], **about["text"])


def open_tokenizer(file: Path, library: str, ids: Any = None, shift: int = 0, **options: Any) -> Any:
    """Return a function from a text to the numbers of its tokens."""
    if library == "tokenizers":
        from tokenizers import Tokenizer

        words = Tokenizer.from_file(str(file))
        return lambda text: words.encode(text, add_special_tokens=False).ids
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_file=str(file), **options)
    return lambda text: [ids.get(str(own), own + shift) for own in pieces.encode(text)]


def read(model: Any, item: str) -> dict[str, np.ndarray]:
    """Return the rows of a text or pair, padded, as inputs of the model; raise ValueError for what is no text."""
    item.encode()  # Half a character is an error that is a ValueError too.
    texts = [part.strip() for part in (item.split("\t") if model.texts == 2 else [item])]
    seen = [any(unicodedata.category(a)[0] not in "CZ" and a not in model.invisible for a in text) for text in texts]
    if seen != [True] * model.texts:
        raise ValueError(f"there is nothing to see in it, or it is not {model.texts} text, with a tab between two")
    first, *second = map(model.encode, texts)
    room = model.longest - len(model.start) - len(model.end) - len(model.separator) * len(second)
    kept = min(len(second[0]), max(room // 2, room - len(first))) if second else 0
    head = first[: room * (model.most_windows or 1) - kept]
    count = -(-len(head) // room) or 1
    rows = [head[len(head) * row // count : len(head) * (row + 1) // count] for row in range(count)]
    begins = [[*model.start, *row, *(model.separator if second else ())] for row in rows]
    rows = [[*begin, *(second[0][:kept] if second else ()), *model.end] or [model.padding] for begin in begins]
    size = next(each for each in model.sizes if each >= (count if model.most_windows else len(rows[0])))
    shape = (size, model.longest) if model.most_windows else (1, size)
    tokens, mask, segments = inputs = np.zeros((3, *shape), "int32")
    tokens[:] = model.padding
    for place, (begin, row) in enumerate(zip(begins, rows, strict=True)):
        tokens[place, : len(row)], mask[place, : len(row)] = row, 1
        segments[place, len(begin) if second else len(row) : len(row)] = 1
    arrays = dict(zip(("token_ids", "padding_mask", "segment_ids"), inputs, strict=True))
    return {name: arrays[name][np.newaxis] if model.most_windows else arrays[name] for name in model.inputs}


def predict(model: Any, examples: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Return the answer for each text, computed one by one since they differ in length."""
    call = model.saved.signatures["tokens"]
    found = [call(**{name: tf.constant(rows) for name, rows in example.items()}) for example in examples]
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
