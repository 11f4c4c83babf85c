"""Other usual names of the splits, so that a folder or cell with such a name is noticed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_SPLIT_WORDS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "val", "valid", "validate", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout"),
}
SPLIT_OF_WORD = {word: split for split, words in _SPLIT_WORDS.items() for word in words}

# As nnU-Net names folders (imagesTr, labelsTs): splits only beside another word.
_ABBREVIATIONS = {"tr": "train", "ts": "test"}
_UNLABELLED = frozenset(
    ("pred", "preds", "predict", "prediction", "predictions", "submission", "unlabeled", "unlabelled", "inference")
)
# Words beside the name of a split that say nothing of a class.
_FILLERS = frozenset(
    (
        "set", "sets", "data", "dataset", "datasets", "split", "splits", "seg", "folder", "files", "samples",
        "image", "images", "img", "imgs", "picture", "pictures", "pics", "photo", "photos", "frames", "crops",
        "sound", "sounds", "audio", "audios", "wav", "wavs", "clips", "text", "texts", "txt", "docs", "documents",
        "mask", "masks", "label", "labels", "annotations", "png", "jpg", "jpeg", "the", "my", "all", "new", "final",
    )
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def usual_split_names(names: Iterable[str]) -> dict[str, str]:
    """Return the split that each name is a usual word for, as `val`, for those that are one."""
    return {name: SPLIT_OF_WORD[name.casefold()] for name in names if name.casefold() in SPLIT_OF_WORD}


def split_names(names: Iterable[str]) -> dict[str, str]:
    """Return the split that each folder is, by name, for those whose names say it: `train`, `seg_train`, `TestSet`.

    A name with words of its own, as `pets_train`, counts where another split has the same, as `pets_test`.
    """
    found: dict[str, str] = {}
    named: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for name in names:
        parsed = _parse(name)
        if parsed is None:
            continue
        split, own_words = parsed
        if own_words:
            named[own_words][name] = split
        else:
            found[name] = split
    for alike in named.values():
        if len(set(alike.values())) > 1 and "train" in alike.values():
            found |= alike
    return found


def are_split_words(labels: Iterable[str]) -> bool:
    """Return whether all labels are usual words for splits, of train and of another one."""
    splits = {SPLIT_OF_WORD.get(label.strip().casefold()) for label in labels}
    return "train" in splits and len(splits) > 1 and None not in splits


def is_unlabelled_name(name: str) -> bool:
    """Tell whether a folder is called as one whose files have no labels: `pred`, `seg_pred`, `unlabelled`."""
    return bool(_UNLABELLED & set(_words(name)))


def _parse(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the split that a name has a word for, and its other words that are no fillers; None without a split."""
    words = [part for word in _words(name) for part in _divide(word)]
    splits = {SPLIT_OF_WORD[word] for word in words if word in SPLIT_OF_WORD}
    if not splits and len(words) > 1:
        splits = {_ABBREVIATIONS[word] for word in words if word in _ABBREVIATIONS}
    if len(splits) != 1:
        return None
    known = SPLIT_OF_WORD.keys() | _ABBREVIATIONS.keys() | _FILLERS
    return splits.pop(), tuple(word for word in words if word not in known)


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(_HUMP.sub(" ", name))]


def _divide(word: str) -> list[str]:
    """Return the words of a compound such as `trainset` or `testimages`, or the word itself."""
    for split_word in SPLIT_OF_WORD:
        for rest in (word.removeprefix(split_word), word.removesuffix(split_word)):
            if rest in _FILLERS and rest != word:
                return [split_word, rest]
    return [word]
