#!/usr/bin/env python
"""Plant wrong labels or near copies in real data, run `check`, and say what it found of them: docs/checking-data.md.

    scripts/measure_check.py copies|labels|texts CONFIG.json [--share S] [--seed N] [--keep FOLDER]

`copies` takes a configuration on class folders of pictures, `texts` one on a table of texts, `labels` either. Copies
are cropped, brighter, encoded anew, mirrored, turned, resized, or several of these, have a name of their own and the
label of their source, and lie in any split. A near copy that is found and was not planted is listed, since data sets
have some of their own: look at them before they count as wrong.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance

import kerastune_ft as kt

MARK = "planted-"
SUFFIXES = (".jpg", ".jpeg", ".png")


def crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Return a picture without these shares of its sides."""
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def compress(image: Image.Image, quality: int) -> Image.Image:
    """Return a picture as JPEG of this quality gives it."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality)
    return Image.open(io.BytesIO(written.getvalue())).convert("RGB")


def brighten(image: Image.Image, factor: float) -> Image.Image:
    """Return a picture brighter by a factor."""
    return ImageEnhance.Brightness(image).enhance(factor)


def mirror(image: Image.Image) -> Image.Image:
    """Return a picture mirrored."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "crop 3 %": lambda image: crop(image, 0.033, 0.033, 0.033, 0.033),
    "brightness +7 %": lambda image: brighten(image, 1.07),
    "JPEG 70": lambda image: compress(image, 70),
    "crop, brightness, JPEG": lambda image: compress(brighten(crop(image, 0.033, 0.033, 0.033, 0.033), 1.07), 70),
    "mirror": mirror,
    "crop 15 %": lambda image: crop(image, 0.15, 0.05, 0.02, 0.12),
    "contrast +30 %": lambda image: ImageEnhance.Contrast(image).enhance(1.3),
    "half the size": lambda image: image.resize((max(8, image.width // 2), max(8, image.height // 2))),
    "quarter turn": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "mirror, crop, darker, JPEG 60": lambda image: compress(
        brighten(crop(mirror(image), 0.05, 0.02, 0.08, 0.06), 0.93), 60
    ),
}


def plant_copies(folder: Path, target: Path, share: float, seed: int) -> dict[str, tuple[str, str]]:
    """Copy a folder with near copies of a share of its pictures; return by key of a copy its source and the change."""
    shutil.copytree(folder, target)
    pictures = sorted(path for path in target.rglob("*") if path.suffix.lower() in SUFFIXES)
    drawn = random.Random(seed)
    planted = {}
    for number, source in enumerate(drawn.sample(pictures, round(share * len(pictures)))):
        change = list(CHANGES)[number % len(CHANGES)]
        # In any split, with the label of its source.
        split = drawn.choice(["train", "test"]) if source.parts[-3] in ("train", "test") else None
        place = source.parent if split is None else source.parent.parent.parent / split / source.parent.name
        path = place / f"{MARK}{number:04d}.png"
        CHANGES[change](Image.open(source).convert("RGB")).save(path)
        planted[str(path.relative_to(target))] = (str(source.relative_to(target)), change)
    return planted


def score_copies(found: Any, planted: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Return how many planted pairs were found, by change, and the pairs found that were not planted."""
    named = defaultdict(set)
    others = []
    for kind in ("exact_copies", "near_copies"):
        for row in found.findings.get(kind, {"rows": []})["rows"]:
            keys = [example["input"] for example in row["examples"]]
            for one in keys:
                named[one] |= set(keys) - {one}
            # A copy of a copy is planted as well.
            roots = {planted.get(key, (key,))[0] for key in keys}
            if len(roots) > 1:
                others.append((row.get("figure"), keys))
    by_change: dict[str, list[bool]] = defaultdict(list)
    for key, (source, change) in planted.items():
        by_change[change].append(source in named[key])
    hits = sum(map(sum, by_change.values()))
    return {
        "planted": len(planted),
        "found": hits / len(planted),
        "by_change": {change: f"{sum(each)}/{len(each)}" for change, each in by_change.items()},
        "not_planted": len(others),
        "precision_if_none_of_those_is_one": hits / max(1, hits + len(others)),
        "not_planted_pairs": sorted(others, key=lambda pair: -(pair[0] or 1)),
    }


def flip(labels: list[str], share: float, seed: int) -> tuple[list[str], set[int]]:
    """Return labels of which a share is another one, drawn evenly from the others, and the places of those."""
    drawn = random.Random(seed)
    names = sorted(set(labels))
    places = set(drawn.sample(range(len(labels)), round(share * len(labels))))
    return [
        drawn.choice([name for name in names if name != label]) if place in places else label
        for place, label in enumerate(labels)
    ], places


def plant_labels(document: dict[str, Any], target: Path, share: float, seed: int) -> tuple[dict[str, Any], set[str]]:
    """Return a configuration on a table with a share of wrong labels, and the keys that have them."""
    data = document["data"]
    if data["kind"] == "folder":
        root = Path(data["path"])
        pictures = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
        rows = [{"input": str(path), "label": path.parent.name, "split": path.parts[-3]} for path in pictures]
        has_splits = {"train", "test"} & {row["split"] for row in rows}
        splits = {"column": "split"} if has_splits else None
        table = {"kind": "table", "path": str(target), "input": "input", "label": "label", "splits": splits}
    else:
        with open(data["path"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        table = {**data, "path": str(target)}
    label = table["label"]
    changed, places = flip([row[label] for row in rows], share, seed)
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, label: own} for row, own in zip(rows, changed, strict=True))
    if table["input"] == "input":
        return {**document, "data": table}, {rows[place]["input"] for place in places}
    return {**document, "data": table}, {f"row {place + 2}" for place in places}


def score_labels(found: Any, wrong: set[str]) -> dict[str, Any]:
    """Return how many of the wrong labels were found, and what share of those named are wrong ones."""
    rows = found.findings.get("label_errors", {"rows": []})["rows"]
    keys = [row["examples"][0]["input"] for row in rows]
    # Keys of files are relative to the folder of all, names of files as they were written.
    hits = [key in wrong or any(other.endswith(f"/{key}") for other in wrong) for key in keys]
    return {
        "planted": len(wrong),
        "named": len(keys),
        "found": sum(hits) / len(wrong),
        "precision": sum(hits) / max(1, len(keys)),
    }


def edit(text: str, drawn: random.Random) -> tuple[str, str]:
    """Return a text with a small change, and which."""
    words = text.split()
    place = drawn.randrange(len(words))
    change = drawn.choice(["case", "marks", "typing error", "word out", "word twice", "words exchanged"])
    if change == "case":
        return text.upper(), change
    if change == "marks":
        return text.replace(" ", "  ").replace(",", "") + "!", change
    if change == "typing error":
        letter = drawn.randrange(len(text))
        return text[:letter] + text[letter + 1 :], change
    if change == "word out":
        return " ".join(words[:place] + words[place + 1 :]), change
    if change == "word twice":
        return " ".join(words[: place + 1] + words[place:]), change
    other = min(place + 1, len(words) - 1)
    words[place], words[other] = words[other], words[place]
    return " ".join(words), change


def plant_edits(
    document: dict[str, Any], target: Path, share: float, seed: int
) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """Return a configuration on a table with edited copies of a share of its texts, and by key source and change."""
    with open(document["data"]["path"], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    drawn = random.Random(seed)
    column = document["data"]["input"]
    long = [place for place, row in enumerate(rows) if len(row[column].split()) >= 6]
    planted = {}
    for place in drawn.sample(long, round(share * len(long))):
        text, change = edit(rows[place][column], drawn)
        rows.append({**rows[place], column: text})
        planted[f"row {len(rows) + 1}"] = (f"row {place + 2}", change)
    with open(target, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return {**document, "data": {**document["data"], "path": str(target)}}, planted


def main() -> None:
    """Plant, check, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["copies", "labels", "texts"])
    parser.add_argument("config", type=Path)
    parser.add_argument("--share", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the page and the planted data; else they go")
    options = parser.parse_args()
    document = json.loads(options.config.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(options.keep or temporary)
        place.mkdir(parents=True, exist_ok=True)
        if options.what == "copies":
            target = place / "data"
            shutil.rmtree(target, ignore_errors=True)
            planted = plant_copies(Path(document["data"]["path"]), target, options.share or 0.1, options.seed)
            document["data"]["path"] = str(target)
            found = kt.check(document, place / "check")
            result = score_copies(found, planted)
        elif options.what == "texts":
            document, edited = plant_edits(document, place / "texts.csv", options.share or 0.1, options.seed)
            found = kt.check(document, place / "check")
            result = score_copies(found, edited)
        else:
            document, wrong = plant_labels(document, place / "labels.csv", options.share or 0.05, options.seed)
            found = kt.check(document, place / "check")
            result = score_labels(found, wrong)
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
