"""What a model of several inputs takes for one example: pictures, a text, numbers and words by name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import IMAGE, TEXT
from kerastune_ft.serving.inputs import (
    Given,
    InputTensor,
    decode_base64,
    make_form,
    measure_picture,
    measure_texts,
)
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.refusal import BAD_REQUEST, UNREADABLE, Refusal

NUMBERS, WORDS = "numbers", "words"
_BYTES = "_bytes"


@dataclass(frozen=True)
class SeveralForm:
    """What a model of several inputs takes for an example.

    As it was sent an example is a mapping: of each picture the content of its file, `text` a tuple of one or two,
    `numbers` and `words` tuples in the order of their columns, None where one is missing.
    """

    images: tuple[str, ...]
    """The names of pictures, as the model has them."""
    texts: int
    """How many texts there are: none, one, or the two of a pair."""
    numbers: tuple[str, ...]
    """The columns of numbers."""
    words: Mapping[str, Sequence[str]]
    """The categories of each column of words."""
    noun: ClassVar[str] = "example"
    is_binary: ClassVar[bool] = False

    @classmethod
    def of_columns(cls, inputs: InputColumns, columns: Mapping[str, Any] | None) -> SeveralForm:
        """Return the form of a run with these inputs; `columns` is what plan.json says of numbers and words."""
        words = {each["name"]: tuple(each["categories"]) for each in (columns or {}).get(WORDS, ())}
        return cls(tuple(inputs.images), len(inputs.texts), inputs.numbers or (), words)

    @classmethod
    def of_export(cls, example: Mapping[str, Any]) -> SeveralForm:
        """Return the form of an export; `example` is that of its preprocessing.json."""
        return cls(tuple(example["images"]), len(example["texts"]), tuple(example[NUMBERS]), dict(example[WORDS]))

    @property
    def tensors(self) -> tuple[InputTensor, ...]:
        """Return a tensor for each picture and text, and one for all numbers and for all words."""
        found = [InputTensor(f"{name}{_BYTES}", True) for name in self.images]
        found += [InputTensor(name) for name in self._text_names]
        found += [InputTensor(NUMBERS, False, "FP32", len(self.numbers))] if self.numbers else []
        return (*found, *([InputTensor(WORDS, False, "BYTES", len(self.words))] if self.words else []))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the parts in requests."""
        return tuple(each.name for each in self.tensors)

    @property
    def _text_names(self) -> tuple[str, ...]:
        return make_form(TEXT, self.texts).names if self.texts else ()

    @property
    def sample(self) -> Given:
        """Return an example whose numbers and words are missing."""
        found: dict[str, Any] = dict.fromkeys(self.images, make_form(IMAGE).sample)
        found |= {TEXT: ("a text",) * self.texts} if self.texts else {}
        return found | {NUMBERS: (None,) * len(self.numbers), WORDS: (None,) * len(self.words)}

    @property
    def instance(self) -> str:
        """Return how an instance is written in JSON, for people to fill in."""
        said = {f"{name}{_BYTES}": '{"b64": "FILE"}' for name in self.images}
        said |= dict.fromkeys(self._text_names, '"a text"')
        said |= {NUMBERS: f"[{', '.join(['0'] * len(self.numbers))}]"} if self.numbers else {}
        firsts = [json.dumps(next(iter(names)), ensure_ascii=False) for names in self.words.values()]
        said |= {WORDS: f"[{', '.join(firsts)}]"} if self.words else {}
        return "{" + ", ".join(f'"{name}": {value}' for name, value in said.items()) + "}"

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Return what the page asks for: files, texts, numbers and words, by the names of the parts."""
        found: list[dict[str, Any]] = [{"name": f"{name}{_BYTES}", "kind": "file"} for name in self.images]
        found += [{"name": name, "kind": "text"} for name in self._text_names]
        found += [{"name": NUMBERS, "kind": "number", "column": column} for column in self.numbers]
        return found + [
            {"name": WORDS, "kind": "word", "column": column, "choices": list(choices)}
            for column, choices in self.words.items()
        ]

    def parse(self, value: Any) -> Given:
        """Return the example that an instance of JSON is; raise Refusal for another."""
        if not isinstance(value, Mapping) or set(value) != set(self.names):
            raise Refusal(BAD_REQUEST, f"an instance is {self.instance}")
        contents = {f"{name}{_BYTES}": _parse_file(value[f"{name}{_BYTES}"], name) for name in self.images}
        return self._make({**value, **contents})

    def join(self, columns: Mapping[str, Sequence[Any]]) -> list[Given]:
        """Return the examples whose parts stand in columns of equal lengths; raise Refusal for others."""
        rows = zip(*(columns[name] for name in self.names), strict=True)
        return [self._make(dict(zip(self.names, row, strict=True))) for row in rows]

    def _make(self, parts: Mapping[str, Any]) -> Given:
        found: dict[str, Any] = {name: parts[f"{name}{_BYTES}"] for name in self.images}
        texts = tuple(parts[name] for name in self._text_names)
        if not all(isinstance(text, str) for text in texts):
            raise Refusal(BAD_REQUEST, f"{' and '.join(self._text_names)} is a text")
        found |= {TEXT: texts} if texts else {}
        numbers = _parse_row(parts.get(NUMBERS, ()), self.numbers, NUMBERS)
        for name, number in zip(self.numbers, numbers, strict=True):
            if number is not None and not _is_number(number):
                raise Refusal(BAD_REQUEST, f"{name} of numbers is no number; it is one, or null where it is missing")
        words = _parse_row(parts.get(WORDS, ()), tuple(self.words), WORDS)
        for name, word in zip(self.words, words, strict=True):
            if word is not None and not isinstance(word, str):
                raise Refusal(BAD_REQUEST, f"{name} of words is no text; it is one, or null where it is missing")
        return found | {NUMBERS: numbers, WORDS: words}

    def measure(self, given: Any, limits: Limits) -> float:
        """Return the share of its limit that an example takes: that of all pictures and texts, of 1 at most."""
        shares = [measure_picture(given[name], limits) for name in self.images]
        texts = (*given.get(TEXT, ()), *(word for word in given[WORDS] if word is not None))
        shares.append(measure_texts(texts, limits))
        if (pixels := sum(shares[:-1])) > 1:
            raise Refusal(UNREADABLE, f"its pictures have {pixels:.1f} times the pixels of --max-pixels together")
        return min(1.0, sum(shares))


def _parse_file(value: Any, name: str) -> bytes:
    if not isinstance(value, Mapping) or set(value) != {"b64"} or not isinstance(value["b64"], str):
        raise Refusal(BAD_REQUEST, f'{name}{_BYTES} is {{"b64": "..."}}, the file in base64')
    return decode_base64(value["b64"])


def _parse_row(values: Any, columns: tuple[str, ...], name: str) -> tuple[Any, ...]:
    """Return a value for each column, of a list in their order or of an object by their names."""
    if isinstance(values, Mapping) and set(values) == set(columns):
        return tuple(values[column] for column in columns)
    if not isinstance(values, list | tuple) or len(values) != len(columns):
        raise Refusal(BAD_REQUEST, f"{name} has a value for each of {', '.join(columns)}, in this order or by name")
    return tuple(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
