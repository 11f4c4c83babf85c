"""The examples that the earlier runs were trained on, made of whole numbers, and so the same on every machine.

python -m tests.support.earlier_data FOLDER
"""

from __future__ import annotations

import csv
import struct
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

PICTURES, SIDE = 48, 24
TEXTS = 60
SOUNDS, RATE = 32, 8000
SPOTTED = 40
DIALOGUES = 40
_KINDS = ("bars", "plain")
_WORDS = (("dull", "cold", "stale"), ("warm", "bright", "fresh"))
_FILLER = ("the", "film", "of", "a", "long", "day", "and", "so", "on")


def write(folder: Path) -> None:
    """Write pictures, tables, arrays, texts and sounds into a folder."""
    pictures = [_picture(number) for number in range(PICTURES)]
    _write_pictures(folder, pictures)
    values = [[10 * (number % 4), 100 - 30 * (number % 3)] for number in range(PICTURES)]
    np.savez(folder / "values.npz", x=np.stack(pictures), y=np.array(values, np.float32))
    _write_table(folder / "texts.csv", ("text", "label"), (_text(number) for number in range(TEXTS)))
    _write_table(folder / "pairs.csv", ("one", "other", "shared"), (_pair(number) for number in range(TEXTS)))
    for number in range(SOUNDS):
        _write_sound(folder / "sounds" / ("high", "low")[number % 2] / f"{number:02d}.wav", number)
    _write_spotted(folder)
    columns = ("picture", "note", "size", "place", "kind")
    _write_table(folder / "several.csv", columns, (_several(number) for number in range(PICTURES)))
    _write_table(folder / "questions.csv", ("prompt", "response"), (_dialogue(number) for number in range(DIALOGUES)))


def _numbers(seed: int) -> Iterator[int]:
    """Yield numbers from 0 to 255, by a generator that no library changes."""
    state = 2 * seed + 1
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield state >> 16 & 255


def _picture(number: int) -> np.ndarray:
    """Return a dark picture with noise; odd ones are plain, even ones have bars, every third a bright corner."""
    noise = _numbers(number)
    image = np.array([next(noise) // 4 for _ in range(SIDE * SIDE * 3)], np.uint8).reshape(SIDE, SIDE, 3)
    if number % 2 == 0:
        image[:, number % 4 :: 4] += 90
    if number % 3 == 0:
        image[:8, :8, number % 2] += 100
    image += np.uint8(15 * (number % 4))
    return image


def _write_spotted(folder: Path) -> None:
    """Write pictures with a bright or a dark spot, every fifth with none, and a table with a row for each spot."""
    rows: list[tuple[object, ...]] = []
    for number in range(SPOTTED):
        noise = _numbers(1000 + number)
        image = np.array([96 + next(noise) // 8 for _ in range(SIDE * SIDE * 3)], np.uint8).reshape(SIDE, SIDE, 3)
        path = folder / "spots" / f"{number:02d}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 5 == 4:
            rows.append((path.name, "", "", "", "", ""))
        else:
            left, top, side = next(noise) % 12, next(noise) % 12, 8 + next(noise) % 4
            image[top : top + side, left : left + side] = (10, 240)[number % 2]
            rows.append((path.name, ("dark", "bright")[number % 2], left, top, left + side, top + side))
        path.write_bytes(_bmp(image))
    _write_table(folder / "spots.csv", ("file", "what", "xmin", "ymin", "xmax", "ymax"), rows)


def _several(number: int) -> tuple[object, ...]:
    """Return a picture, a note, a size that some lack, a place, and the kind, which picture and note tell together."""
    text, _ = _text(number)
    size = "" if number % 7 == 3 else 10 + 3 * (number % 4)
    kind = ("plain", "bars")[number % 2 == 0] if number % 4 < 2 else ("old", "new")[number % 2]
    return f"{_KINDS[number % 2]}/{number:02d}", text, size, ("hall", "yard", "")[number % 3], kind


def _dialogue(number: int) -> tuple[str, str]:
    word = _WORDS[number % 2][number % 3]
    return f"{number} is it {word}?", " ".join([word] * (1 + number % 3))


def _write_pictures(folder: Path, pictures: list[np.ndarray]) -> None:
    rows = []
    for number, image in enumerate(pictures):
        name = f"{_KINDS[number % 2]}/{number:02d}"
        path = folder / "pictures" / f"{name}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bmp(image))
        found = [what for what, there in (("bars", number % 2 == 0), ("corner", number % 3 == 0)) if there]
        rows.append((name, "|".join(found)))
    _write_table(folder / "cases.csv", ("picture", "found"), rows)


def _bmp(image: np.ndarray) -> bytes:
    """Return a picture whose rows are a multiple of four bytes as a BMP file."""
    pixels = image[::-1, :, ::-1].tobytes()
    about = struct.pack("<IiiHHIIiiII", 40, image.shape[1], image.shape[0], 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + about + pixels


def _text(number: int) -> tuple[str, str]:
    draw = _numbers(number)
    words = [_FILLER[next(draw) % len(_FILLER)] for _ in range(12 if number % 5 == 0 else 3)]
    words.insert(next(draw) % 3, _WORDS[number % 2][next(draw) % 3])
    return " ".join(words), ("bad", "good")[number % 2]


def _pair(number: int) -> tuple[str, str, int]:
    """Return two lines of three words and how many of them they share."""
    shared, first = number % 4, number % len(_FILLER)
    one = [_FILLER[(first + step) % len(_FILLER)] for step in range(3)]
    other = [word if step < shared else _WORDS[step % 2][number % 3] for step, word in enumerate(one)]
    return " ".join(one), " ".join(other), shared


def _write_table(path: Path, columns: tuple[str, ...], rows: object) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)  # type: ignore[arg-type]


def _write_sound(path: Path, number: int) -> None:
    """Write a square wave, its half period 2 samples or 8, in a little noise."""
    draw, half = _numbers(number), (2, 8)[number % 2]
    values = [(6000 if at // half % 2 else -6000) + 8 * next(draw) for at in range(1200 + 40 * (number % 5))]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(values)}h", *values))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
