"""Tokenises the texts of a source once and keeps the tokens in the cache directory."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.input.texts.vocabulary import hash_vocabulary
from kerastune_ft.stores.cached_folder import open_folder, write_array

# Raised by one when the content of the files changes, so that older files are not used.
_VERSION = 1
# The number of texts in one call of a tokenizer.
_GROUP = 1024
_CONFIG = "config.json"
# A run of letters that is longer is no word of a script with spaces: it may end anywhere.
_LONGEST_WORD = 30


@dataclass(frozen=True)
class Tokens:
    """Token ids of many texts, one text after the other, without special tokens."""

    ids: np.ndarray
    """The tokens of all texts, int32."""
    offsets: np.ndarray
    """Where each text begins in `ids`, and where the last ends, int64 [texts + 1]."""

    def __getitem__(self, number: int) -> np.ndarray:
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def __len__(self) -> int:
        return len(self.offsets) - 1


def tokenise_texts(tokenizer: Any, texts: Sequence[str]) -> Tokens:
    """Return the tokens of texts; equal texts are tokenised once."""
    number = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    rows = list(_tokenise_groups(tokenizer, list(number)))
    chosen = [rows[number[text]] for text in texts]
    lengths = np.fromiter(map(len, chosen), np.int64, len(chosen))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    ids = np.concatenate(chosen) if chosen else np.zeros(0, np.int32)
    return Tokens(ids.astype(np.int32, copy=False), offsets)


def _tokenise_groups(tokenizer: Any, texts: Sequence[str]) -> Iterator[np.ndarray]:
    for start in range(0, len(texts), _GROUP):
        rows = tokenizer(list(texts[start : start + _GROUP]))
        # With tensorflow-text installed a tokenizer gives a ragged tensor, without it lists.
        for row in rows.to_list() if hasattr(rows, "to_list") else rows:
            yield np.asarray(row, np.int32).reshape(-1)


def find_ends(tokenizer: Any, texts: Sequence[str], kept: Sequence[int]) -> list[int]:
    """Return for each text the number of characters that its first `kept` tokens hold; whole words only.

    A tokenizer does not say where its tokens are. Those of the beginning of a text are counted instead, all texts at
    once, and its length is halved again and again.
    """
    places = [_list_places(text) for text in texts]
    low, high = [0] * len(texts), [len(each) - 1 for each in places]
    while open_ones := [number for number in range(len(texts)) if low[number] < high[number]]:
        middles = [(low[number] + high[number] + 1) // 2 for number in open_ones]
        beginnings = [
            texts[number][: places[number][middle]] for number, middle in zip(open_ones, middles, strict=True)
        ]
        counts = np.diff(tokenise_texts(tokenizer, beginnings).offsets)
        for number, middle, count in zip(open_ones, middles, counts, strict=True):
            if count <= kept[number]:
                low[number] = middle
            else:
                high[number] = middle - 1
    return [each[place] for each, place in zip(places, low, strict=True)]


def _list_places(text: str) -> list[int]:
    """Return where a text may be said to end: at its start, after each word, in very long words after each letter."""
    places = [0]
    for word in re.finditer(r"\S+", text):
        start, end = word.span()
        places.extend(range(start + 1, end + 1) if end - start > _LONGEST_WORD else [end])
    return places


def load_or_tokenise(
    tokenizer: Any, texts: Sequence[str], cache_directory: Path, report: Callable[[str], None], work: str
) -> Tokens:
    """Return the tokens of texts: read from the cache directory, or made and written there the first time.

    `report` then gets a line that begins with `work`, such as "writing the tokens of 1,000 texts".
    """
    digest = hashlib.sha256(json.dumps([_VERSION, hash_tokenizer(tokenizer)]).encode())
    for text in texts:
        digest.update(len(text).to_bytes(8, "little") + text.encode("utf-8", "surrogatepass"))

    def write(folder: Path) -> None:
        made = tokenise_texts(tokenizer, texts)
        write_array(folder / "ids.npy", made.ids)
        write_array(folder / "offsets.npy", made.offsets)

    target = open_folder(cache_directory / "tokens" / digest.hexdigest()[:32], write, report, work)
    return Tokens(np.load(target / "ids.npy", mmap_mode="r"), np.load(target / "offsets.npy"))


def hash_tokenizer(tokenizer: Any) -> str:
    """Return a SHA-256 over everything that tokens depend on: class, options, vocabulary and version."""
    config = {key: value for key, value in tokenizer.get_config().items() if key != "name"}
    about = [type(tokenizer).__name__, config, importlib.metadata.version("keras-hub")]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    for name, content in sorted(read_tokenizer_files(tokenizer).items()):
        if name.startswith("assets/"):
            digest.update(name.encode() + content)
    return digest.hexdigest()


def hash_tokenizer_parts(tokenizer: Any) -> dict[str, str]:
    """Return SHA-256 hashes of a tokenizer that a version of keras-hub alone does not change.

    `tokenizer` is over its class and options, `vocabulary`, where it has one, over the files of its vocabulary.
    """
    config = {key: value for key, value in tokenizer.get_config().items() if key != "name"}
    about = json.dumps([type(tokenizer).__name__, config], sort_keys=True, default=str)
    found = {"tokenizer": hashlib.sha256(about.encode()).hexdigest()}
    files = read_tokenizer_files(tokenizer)
    return found | ({"vocabulary": hash_vocabulary(files)} if files else {})


def has_vocabulary(tokenizer: Any) -> bool:
    """Return whether a tokenizer has vocabulary files; a tokenizer of bytes has none."""
    return hasattr(tokenizer, "save_assets")


def read_tokenizer_files(tokenizer: Any) -> dict[str, bytes]:
    """Return the content of the files that keras-hub opens a tokenizer from, by path; none without a vocabulary."""
    if not has_vocabulary(tokenizer):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_to_preset(folder)
        paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    # keras-hub reads the family of a preset here before it opens the tokenizer.
    family = type(tokenizer).backbone_cls
    about = {
        "module": family.__module__,
        "class_name": family.__name__,
        "config": {},
        "registered_name": keras.saving.get_registered_name(family),
    }
    return {_CONFIG: json.dumps(about, indent=2).encode(), **found}
