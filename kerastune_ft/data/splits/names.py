"""How others call the splits, so that such a word is never taken for anything else without a word to the user."""

from __future__ import annotations

_SPLIT_WORDS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "val", "valid", "validate", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout"),
}
SPLIT_OF_WORD = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
