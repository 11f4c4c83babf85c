"""What runs to strike learn from: small examples of every kind, and the sections of a configuration that read them."""

from __future__ import annotations

import csv
import io
import json
import wave
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.data.embedded import embedded_texts, spoken

EXAMPLES = 84
# Every fifth label is wrong, so that overfitting shows.
_MISLABELLED = 5
_SIZE = 32
_RATE = 8000
_EDGES = ("xmin", "ymin", "xmax", "ymax")

_MOBILENET = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": _SIZE}
_BERT = {
    "kind": "keras_hub",
    "class": "BertBackbone",
    "options": {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "dropout": 0.1},
}
# Few tokens of few examples: it is about what is kept, not about what is written.
_WRITTEN = {"max_new_tokens": 6, "examples": 4}


@dataclass(frozen=True)
class Subject:
    """Examples of a kind, and the sections that read them."""

    task: Mapping[str, Any]
    data: Mapping[str, Any]
    """The section `data`, but for its path."""
    backbone: Mapping[str, Any]
    write: Callable[[Path], Path]
    """Writes the examples into a folder, and returns the path of the section `data`."""
    writes: bool = False
    """Whether its model writes texts, and so has no new head."""

    def sections(self, folder: Path, dropout: float = 0.3) -> dict[str, Any]:
        """Write the examples and return the sections `task`, `data`, `backbone`, and of a new head `head`."""
        data = {**self.data, "path": str(self.write(folder))}
        head = {} if self.writes else {"head": {"dropout": dropout}}
        return {"task": {**self.task}, "data": data, "backbone": {**self.backbone}, **head}


def _pixels(random: np.random.Generator, is_bright: bool) -> np.ndarray:
    """Noise, and where it is bright a square in it."""
    pixels = random.integers(0, 120, (_SIZE, _SIZE, 3)).astype(np.uint8)
    pixels[8:24, 8:24] += np.uint8(100 * is_bright)
    return pixels


def _encode(pixels: np.ndarray) -> bytes:
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    return picture.getvalue()


def _label(number: int) -> int:
    return number % 2 if number % _MISLABELLED else 1 - number % 2


def _write_archive(folder: Path) -> Path:
    random, path = np.random.default_rng(0), folder / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(EXAMPLES):
            content = _encode(_pixels(random, bool(number % 2)))
            archive.writestr(f"{('plain', 'bright')[_label(number)]}/{number:03d}.png", content)
    return path


def _write_arrays(folder: Path) -> Path:
    """Pictures with two flags, and a value, each."""
    random, path = np.random.default_rng(0), folder / "pictures.npz"
    images = np.stack([_pixels(random, bool(number % 2)) for number in range(EXAMPLES)])
    flags = np.array([[_label(number), number % 3 == 0] for number in range(EXAMPLES)], np.uint8)
    values = images.mean((1, 2, 3)) + random.normal(0, 2, EXAMPLES)
    np.savez(path, x=images, flags=flags, values=values)
    return path


def _write_masks(folder: Path) -> Path:
    random, root = np.random.default_rng(0), folder / "scenes"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(EXAMPLES // 2):
        mask = np.zeros((_SIZE, _SIZE), np.uint8)
        top, left = random.integers(0, 16, 2)
        mask[top : top + 16, left : left + 16] = 255
        pixels = random.integers(0, 120, (_SIZE, _SIZE, 3)).astype(np.uint8)
        pixels[mask > 0] += np.uint8(100)
        (root / "images" / f"{number:02d}.png").write_bytes(_encode(pixels))
        (root / "masks" / f"{number:02d}.png").write_bytes(_encode(mask))
    return root


def _write_boxes(folder: Path) -> Path:
    """Pictures with up to three bright or plain squares, and a table with a row for each."""
    random, path = np.random.default_rng(0), folder / "boxes.csv"
    (folder / "squares").mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["picture", "class", *_EDGES])
        for number in range(EXAMPLES // 2):
            pixels = random.integers(0, 80, (2 * _SIZE, 2 * _SIZE, 3)).astype(np.uint8)
            name = f"squares/{number:02d}.png"
            # Every seventh picture has none.
            count = int(random.integers(1, 4)) if number % 7 else 0
            for row in range(count):
                side, label = int(random.integers(10, 20)), (number + row) % 2
                left, top = (int(place) for place in random.integers(0, 44, 2))
                square = pixels[top : top + side, left : left + side]
                square[:] = square // 2 + np.uint8((40, 120)[label])
                writer.writerow([name, ("plain", "bright")[label], left, top, left + side, top + side])
            if not count:
                writer.writerow([name, *[""] * 5])
            (folder / name).write_bytes(_encode(pixels))
    return path


def _write_inputs(folder: Path) -> Path:
    """Pictures with a review, a number that is missing at times, and a word; the label needs picture and number."""
    random, reviews, path = np.random.default_rng(0), embedded_texts("reviews"), folder / "steps.csv"
    (folder / "views").mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["view", "note", "speed", "mode", "label"])
        for number in range(EXAMPLES):
            name, speed = f"views/{number:02d}.png", random.normal()
            (folder / name).write_bytes(_encode(_pixels(random, bool(number % 2))))
            cell = "" if number % 11 == 3 else f"{speed:.3f}"
            label = ("slow", "fast")[int(number % 2 + speed > 0.5)]
            writer.writerow([name, *reviews.text(number), cell, ("open", "shut", "")[number % 3], label])
    return path


def _write_table(folder: Path) -> Path:
    """Reviews."""
    reviews, path = embedded_texts("reviews"), folder / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(EXAMPLES):
            label = int(reviews.label(number))
            written = label if number % _MISLABELLED else 1 - label
            writer.writerow([*reviews.text(number), reviews.CLASSES[written]])
    return path


def _write_sounds(folder: Path) -> Path:
    """High and low tones, and beside them a folder of noise."""
    random, root = np.random.default_rng(0), folder / "sounds"
    time = np.arange(_RATE // 4) / _RATE
    for number in range(EXAMPLES // 2):
        pitch = (500.0, 1500.0)[number % 2] * random.uniform(0.9, 1.1)
        tone = 0.4 * np.sin(2 * np.pi * pitch * time) + random.normal(0, 0.02, len(time))
        _write_wav(root / ("low", "high")[_label(number)] / f"{number:02d}.wav", tone)
    for name in ("rain", "street"):
        _write_wav(folder / "noise" / f"{name}.wav", random.normal(0, 0.1, _RATE))
    return root


def _write_talk(folder: Path) -> Path:
    """Sums to be answered, of several lengths."""
    path = folder / "talk.jsonl"
    rows = [
        {"prompt": f"add {row % 7} and {row % 5}" + " please" * (row % 4), "response": f"it is {row % 7 + row % 5}"}
        for row in range(EXAMPLES)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _write_summaries(folder: Path) -> Path:
    """Words, of which the first two are the summary."""
    random, path = np.random.default_rng(0), folder / "summaries.jsonl"
    rows = []
    for _ in range(EXAMPLES):
        words = ["".join(random.choice(list("abcd"), random.integers(1, 4))) for _ in range(random.integers(3, 7))]
        rows.append({"text": " ".join(words), "summary": " ".join(words[:2])})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _write_speech(folder: Path) -> Path:
    """Tones, and what they say."""
    path = folder / "said.jsonl"
    rows = [{"sound": f"said/{row:02d}.wav", "text": spoken.answer(row)} for row in range(EXAMPLES // 2)]
    for number, row in enumerate(rows):
        _write_wav(folder / row["sound"], spoken.sound(number) / np.float32(32768))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _write_wav(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


SUBJECTS: Mapping[str, Subject] = {
    "images": Subject({"kind": "image_classification"}, {"kind": "folder"}, _MOBILENET, _write_archive),
    "texts": Subject(
        {"kind": "text_classification"}, {"kind": "table", "input": "text", "label": "label"}, _BERT, _write_table
    ),
    "sounds": Subject({"kind": "audio_classification"}, {"kind": "folder"}, _MOBILENET, _write_sounds),
    "labels": Subject(
        {"kind": "image_classification", "multi_label": True, "thresholds": "best_f1"},
        {"kind": "arrays", "y": "flags"},
        _MOBILENET,
        _write_arrays,
    ),
    "values": Subject({"kind": "image_regression"}, {"kind": "arrays", "y": "values"}, _MOBILENET, _write_arrays),
    "masks": Subject({"kind": "image_segmentation"}, {"kind": "folder"}, _MOBILENET, _write_masks),
    "boxes": Subject(
        {"kind": "object_detection"},
        {"kind": "table", "input": "picture", "label": "class", "boxes": list(_EDGES)},
        {**_MOBILENET, "image_size": 2 * _SIZE},
        _write_boxes,
    ),
    "inputs": Subject(
        {"kind": "image_classification"},
        {
            "kind": "table",
            "input": {"image": "view", "text": "note", "numbers": ["speed"], "words": ["mode"]},
            "label": "label",
        },
        {"image": _MOBILENET, "text": _BERT},
        _write_inputs,
    ),
    "talk": Subject(
        {"kind": "causal_lm", "metrics": ["rouge_l"], "generate": {**_WRITTEN, "temperature": 0.7}},
        {"kind": "table", "input": "prompt", "label": "response"},
        {
            "kind": "keras_hub",
            "class": "GPT2Backbone",
            "options": {"num_layers": 3, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "dropout": 0.1},
        },
        _write_talk,
        writes=True,
    ),
    "summaries": Subject(
        {"kind": "summarization", "generate": _WRITTEN},
        {"kind": "table", "input": "text", "label": "summary"},
        {
            "kind": "keras_hub",
            "class": "BartBackbone",
            "options": {
                "num_layers": 2,
                "num_heads": 2,
                "hidden_dim": 16,
                "intermediate_dim": 32,
                "max_sequence_length": 40,
                "dropout": 0.1,
            },
        },
        _write_summaries,
        writes=True,
    ),
    "speech": Subject(
        {"kind": "speech_recognition", "generate": _WRITTEN},
        {"kind": "table", "input": "sound", "label": "text", "seconds": 0.8},
        {
            "kind": "keras_hub",
            "class": "WhisperBackbone",
            "options": {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "num_mels": 16},
        },
        _write_speech,
        writes=True,
    ),
}
