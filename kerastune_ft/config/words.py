"""Keys and values of other programs, mapped to those of this one, and finding the nearest allowed word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

# What to write instead of a foreign key, by its letters and digits in lower case. The first of the texts that
# names a key allowed at that place is taken; a text that is no key says where the thing belongs.
FOREIGN_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lr": ("learning_rate",),
        "eta": ("learning_rate",),
        "rate": ("learning_rate",),
        "initiallearningrate": ("peak", "learning_rate"),
        "maxlr": ("peak", 'in a phase: "learning_rate": {"peak": 0.001}'),
        "minlr": ("final", 'in a phase: "learning_rate": {"peak": 0.001, "shape": "cosine", "final": 0.00001}'),
        "base": ("peak", "backbone"),
        "schedule": ("shape", "phases"),
        "scheduler": ("shape", 'in a phase: "learning_rate": {"peak": 0.001, "shape": "cosine"}'),
        "lrscheduler": ("shape", 'in a phase: "learning_rate": {"peak": 0.001, "shape": "cosine"}'),
        "decay": ("unit_decay", "weight_decay"),
        "layerdecay": ("unit_decay", 'in a phase: "learning_rate": {"peak": 0.001, "unit_decay": 0.8}'),
        "llrd": ("unit_decay", 'in a phase: "learning_rate": {"peak": 0.001, "unit_decay": 0.8}'),
        "warmupsteps": (
            "warmup",
            'in a phase, as a share of its steps: "learning_rate": {"peak": 0.001, "warmup": 0.1}',
        ),
        "warmupepochs": (
            "warmup",
            'in a phase, as a share of its steps: "learning_rate": {"peak": 0.001, "warmup": 0.1}',
        ),
        "warmupratio": ("warmup", 'in a phase: "learning_rate": {"peak": 0.001, "warmup": 0.1}'),
        "numtrainepochs": ("epochs",),
        "numepochs": ("epochs",),
        "nepochs": ("epochs",),
        "epoch": ("epochs",),
        "maxepochs": ("epochs",),
        "iterations": ("steps",),
        "maxsteps": ("steps",),
        "numsteps": ("steps",),
        "stepsperepoch": ("steps",),
        "freeze": ("unfreeze",),
        "frozen": ("unfreeze",),
        "trainable": ("unfreeze",),
        "unfrozen": ("unfreeze",),
        "thaw": ("unfreeze",),
        "freezeuntil": ("unfreeze",),
        "top": ("last",),
        "bs": ("batch_size",),
        "batch": ("batch_size",),
        "trainbatchsize": ("batch_size",),
        "perdevicetrainbatchsize": ("batch_size",),
        "gradientaccumulationsteps": ("accumulate",),
        "accumulationsteps": ("accumulate",),
        "gradaccum": ("accumulate",),
        "wd": ("weight_decay",),
        "l2": ("weight_decay", "l2_sp"),
        "clipnorm": ("clip_norm",),
        "globalclipnorm": ("clip_norm",),
        "gradientclipping": ("clip_norm",),
        "maxgradnorm": ("clip_norm",),
        "opt": ("optimizer",),
        "optim": ("optimizer",),
        "optimiser": ("optimizer",),
        "augmentation": ("augment",),
        "augmentations": ("augment",),
        "aug": ("augment",),
        "horizontalflip": ("flip", 'in "augment": {"flip": "horizontal"}'),
        "rotation": ("rotate",),
        "copies": ("views", 'in a phase: "augment": {"preset": "light", "views": 4}'),
        "numviews": ("views", 'in a phase: "augment": {"preset": "light", "views": 4}'),
        "nviews": ("views", 'in a phase: "augment": {"preset": "light", "views": 4}'),
        "features": ("cache",),
        "cachefeatures": ("cache",),
        "precomputefeatures": ("cache",),
        "storefeatures": ("cache",),
        "caching": ("cache",),
        "store": ("cache",),
        "cachedir": ("cache_directory",),
        "cachepath": ("cache_directory",),
        "cachesize": ("cache_budget",),
        "smoothing": ("label_smoothing",),
        "metric": ("monitor",),
        "metricforbestmodel": ("monitor",),
        "patience": ("early_stopping",),
        "earlystop": ("early_stopping",),
        "earlystoppingpatience": ("early_stopping",),
        "mindelta": ("min_delta", "early_stopping"),
        "delta": ("min_delta",),
        "classweight": ("class_weights",),
        "bn": ("batch_norm",),
        "batchnormalization": ("batch_norm",),
        "drop": ("dropout",),
        "droprate": ("dropout",),
        "dropoutrate": ("dropout",),
        "pool": ("pooling",),
        "globalpool": ("pooling",),
        "gap": ("pooling",),
        "units": ("hidden",),
        "layers": ("hidden",),
        "val": ("validation",),
        "valid": ("validation",),
        "dev": ("validation",),
        "eval": ("validation",),
        "validationsplit": (
            "validation",
            "splits",
            'in data: "splits": {"train": 0.7, "validation": 0.15, "test": 0.15}',
        ),
        "split": ("splits",),
        "dataset": ("data", "name"),
        "datasets": ("data",),
        "datadir": ("path", "data_dir"),
        "dir": ("path", "directory"),
        "folder": ("path",),
        "root": ("path",),
        "file": ("path",),
        "filename": ("path",),
        "labels": ("classes", "label"),
        "labelcolumn": ("label",),
        "classnames": ("classes",),
        "numclasses": ("classes",),
        "target": ("label",),
        "type": ("kind",),
        "model": ("backbone", "name"),
        "basemodel": ("backbone",),
        "pretrained": ("weights", "backbone"),
        "network": ("backbone",),
        "architecture": ("name", "backbone"),
        "encoder": ("backbone",),
        "inputsize": ("image_size",),
        "inputshape": ("image_size",),
        "imgsize": ("image_size",),
        "imsize": ("image_size",),
        "size": ("image_size",),
        "resolution": ("image_size",),
        "width": ("image_size", "alpha"),
        "classifier": ("head",),
        "stages": ("phases",),
        "phase": ("phases",),
        "training": ("phases",),
        "gpus": ("replicas", 'in runtime: "replicas": 2'),
        "numgpus": ("replicas", 'in runtime: "replicas": 2'),
        "devices": ("replicas", 'in runtime: "replicas": 2'),
        "device": ("strategy", 'in runtime: "strategy": "auto"'),
        "distribute": ("strategy",),
        "dtype": ("precision",),
        "mixedprecision": ("precision",),
        "fp16": ("precision",),
        "amp": ("precision",),
        "randomseed": ("seed",),
        "randomstate": ("seed",),
        "outputdir": ("output", "directory"),
        "outdir": ("output", "directory"),
        "savedir": ("output", "directory"),
        "logdir": ("output", "directory"),
        "backup": ("mirror",),
        "drive": ("mirror",),
        "include": ("extends",),
        "inherit": ("extends",),
    }
)

# An explanation to add to the suggested key.
REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "early_stopping": '"early_stopping": {"patience": 4}',
        "unfreeze": 'it says what trains: "none" for the head alone, or {"last": 3}, {"fraction": 0.3}, "all"',
        "warmup": "as a share of the phase's steps, like 0.1",
        "classes": "their names in order",
        "monitor": 'one metric, like "validation_accuracy"',
        "hidden": "sizes of hidden layers, like [128]",
        "precision": 'like "mixed_bfloat16"',
        "cache": 'whether the frozen part is stored: "auto", "off" or "required"',
        "views": "how many versions of each example take turns, like 4",
    }
)

FOREIGN_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "loss": ("validation_loss",),
        "valloss": ("validation_loss",),
        "evalloss": ("validation_loss",),
        "acc": ("validation_accuracy",),
        "accuracy": ("validation_accuracy",),
        "valacc": ("validation_accuracy",),
        "valaccuracy": ("validation_accuracy",),
        "evalaccuracy": ("validation_accuracy",),
        "auc": ("validation_auc",),
        "rocauc": ("validation_auc",),
        "valauc": ("validation_auc",),
        "f1": ("validation_macro_f1",),
        "macrof1": ("validation_macro_f1",),
        "valf1": ("validation_macro_f1",),
        "avg": ("mean",),
        "average": ("mean",),
        "gap": ("mean",),
        "globalaveragepooling2d": ("mean",),
        "gmp": ("max",),
        "maximum": ("max",),
        "momentum": ("sgd",),
        "rms": ("rmsprop",),
        "cos": ("cosine",),
        "cosinedecay": ("cosine",),
        "cosineannealing": ("cosine",),
        "onecyclelr": ("one_cycle",),
        "1cycle": ("one_cycle",),
        "fixed": ("constant",),
        "flat": ("constant",),
        "directory": ("folder",),
        "imagefolder": ("folder",),
        "images": ("folder",),
        "csv": ("table",),
        "dataframe": ("table",),
        "parquet": ("table",),
        "tensorflowdatasets": ("tfds",),
        "npz": ("arrays",),
        "numpy": ("arrays",),
        "application": ("applications",),
        "kerasapplications": ("applications",),
        "huggingface": ("keras_hub",),
        "hub": ("keras_hub",),
        "classification": ("image_classification",),
        "classify": ("image_classification",),
        "imageclassifier": ("image_classification",),
        "letterbox": ("pad",),
        "squash": ("stretch",),
        "centercrop": ("crop",),
        "ignore": ("skip",),
        "raise": ("error",),
        "hflip": ("horizontal",),
        "true": ("horizontal",),
        "resnet": ("ResNet50",),
        "mobilenetv3": ("MobileNetV3Small",),
        "efficientnet": ("EfficientNetB0",),
        "efficientnetv2": ("EfficientNetV2B0",),
        "convnext": ("ConvNeXtTiny",),
        "densenet": ("DenseNet121",),
        "multigpu": ("mirrored",),
        "ddp": ("mirrored",),
        "single": ("none",),
        "fp32": ("float32",),
        "fp16": ("mixed_float16",),
        "float16": ("mixed_float16",),
        "half": ("mixed_float16",),
        "bf16": ("mixed_bfloat16",),
        "bfloat16": ("mixed_bfloat16",),
        "on": ("auto",),
        "yes": ("auto",),
        "always": ("required",),
        "force": ("required",),
        "off": ("none",),
        "no": ("off", "none"),
        "never": ("off",),
        "none": ("off",),
        "disabled": ("off", "none"),
    }
)

# Where a key belongs, for keys written at another place.
HOMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "learning_rate",
                "epochs",
                "steps",
                "unfreeze",
                "batch_size",
                "accumulate",
                "weight_decay",
                "clip_norm",
                "optimizer",
                "augment",
                "label_smoothing",
                "monitor",
                "early_stopping",
                "batch_norm",
                "class_weights",
                "sampling",
                "start_from",
            ),
            "in a phase, or in defaults",
        ),
        "dropout": "in head",
        "pooling": "in head",
        "hidden": "in head",
        **dict.fromkeys(("classes", "multi_label", "positive", "thresholds", "metrics", "unknown"), "in task"),
        **dict.fromkeys(
            ("label", "group", "intensity", "resize", "exif", "window", "on_bad_file", "on_missing", "long_texts"),
            "in data",
        ),
        "splits": "in data",
        "path": "in data",
        "validation": "in data.splits",
        "name": "in backbone",
        "weights": "in backbone",
        "image_size": "in backbone",
        "replicas": "in runtime",
        "strategy": "in runtime",
        "precision": "in runtime",
        "deterministic": "in runtime",
        "cache": "in a phase, or in runtime",
        "cache_directory": "in runtime",
        "cache_budget": "in runtime",
        "views": "in a phase's augment",
        "directory": "in output",
        "checkpoint": "in output",
        "examples": "in output",
        "mirror": "in output",
        "every": "in output.checkpoint",
        "keep": "in output.checkpoint",
        "backbone": "at the top",
        "data": "at the top",
        "head": "at the top",
        "phases": "at the top",
        "seed": "at the top",
        "extends": "at the top",
        "output": "at the top",
    }
)


def letters(word: str) -> str:
    """Return the letters and digits of a word in lower case, equal for valLoss, val_loss and val-loss."""
    return re.sub(r"[^a-z0-9]", "", word.lower())


def nearest(word: str, allowed: Iterable[str], beginning: str = "") -> str | None:
    """Return the allowed word that is most similar to a word, if any is.

    If a word has the `beginning` that all allowed words have, only the rest is compared.
    """
    if beginning and word.startswith(beginning):
        rest = nearest(word.removeprefix(beginning), (choice.removeprefix(beginning) for choice in allowed))
        return None if rest is None else beginning + rest
    choices = list(allowed)
    by_letters = {letters(choice): choice for choice in choices}
    if letters(word) in by_letters:
        return by_letters[letters(word)]
    close = get_close_matches(letters(word), by_letters, n=1, cutoff=0.7)
    return by_letters[close[0]] if close else None


def right_value(word: str, allowed: Iterable[str], beginning: str = "") -> str | None:
    """Return the allowed value that a word means, by spelling or by the name that other programs use."""
    choices = list(allowed)
    if any(letters(word) == letters(choice) for choice in choices):
        return nearest(word, choices)
    known = [value for value in FOREIGN_VALUES.get(letters(word), ()) if value in choices]
    return known[0] if known else nearest(word, choices, beginning)


def unknown_message(
    value: object, allowed: Iterable[str], noun: str = "choice", more: str | None = None, beginning: str = ""
) -> tuple[str, str | None]:
    """Return the message about a word that is not allowed, and the word that is probably meant, if any.

    `more` is the command that lists the allowed words, if there are too many for a message; `beginning` is what all of
    them begin with.
    """
    choices = list(allowed)
    found = right_value(value, choices, beginning) if isinstance(value, str) else None
    written = json.dumps(value, ensure_ascii=False)
    if found:
        return f'{written} is unknown; did you mean "{found}"?', found
    listed = f"to see all: {more}" if more else f"write {_either(choices)}" if choices else "there are none"
    return f"{written} is not a {noun}; {listed}", found


def _either(choices: list[str]) -> str:
    quoted = [choice if choice.isdigit() else f'"{choice}"' for choice in choices]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def right_key(word: str, allowed: Iterable[str]) -> tuple[str | None, str | None]:
    """Return the allowed key that a word means, and a remark about it; either may be None."""
    choices = list(allowed)
    if any(letters(word) == letters(choice) for choice in choices):
        return nearest(word, choices), None
    foreign = FOREIGN_KEYS.get(letters(word), ())
    for key in foreign:
        if key in choices:
            return key, REMARKS.get(key)
    found = nearest(word, choices)
    if found:
        return found, None
    elsewhere = foreign[-1] if foreign else None
    if elsewhere and " " not in elsewhere:
        elsewhere = f'"{elsewhere}", which belongs elsewhere: {HOMES[elsewhere]}' if elsewhere in HOMES else None
    return None, elsewhere
