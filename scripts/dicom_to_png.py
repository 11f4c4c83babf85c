#!/usr/bin/env python
"""Convert the DICOM files of a folder to grey PNG files that kerastune_ft reads; sub-folders, so classes, are kept.

    scripts/dicom_to_png.py FOLDER OUTPUT                      16 bits: the values themselves, after slope and intercept
    scripts/dicom_to_png.py FOLDER OUTPUT --range -1000 400    16 bits: this range becomes 0 to 65535
    scripts/dicom_to_png.py FOLDER OUTPUT --window             8 bits: each file's own window becomes 0 to 255

For 16-bit files, name the range of values to see as "intensity" in data. Needs pydicom, and for compressed files the
decoders that pydicom names.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

_SUFFIXES = (".dcm", ".dicom")
_DEEPEST = 65535


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--range", "limits", type=float, nargs=2, metavar="LOW HIGH", help="Values that become 0 and 65535.")
@click.option("--window", is_flag=True, help="Write 8 bits, through the first window of each file.")
def main(folder: Path, output: Path, limits: tuple[float, float] | None, window: bool) -> None:
    """Convert the DICOM files of FOLDER to grey PNG files in OUTPUT."""
    if limits and window:
        raise click.UsageError("--range and --window exclude each other; keep one of them.")
    if limits and not limits[0] < limits[1]:
        raise click.UsageError(f"--range {limits[0]:g} {limits[1]:g}: LOW must be below HIGH.")
    if importlib.util.find_spec("pydicom") is None:
        raise click.UsageError('this script needs pydicom: python -m pip install "pydicom>=3"')
    paths = list(dicom_files(folder))
    problems: list[str] = []
    written: dict[Path, Path] = {}
    for path in paths:
        target = output / png_name(path.relative_to(folder))
        try:
            if target in written:
                raise ValueError(f"would be written over {written[target]} as {target.name}; rename one of them")
            _convert(path, target, limits, window)
            written[target] = path.relative_to(folder)
        except Exception as problem:  # pydicom raises almost anything on a damaged file.
            problems.append(f"  {path.relative_to(folder)}  {problem or type(problem).__name__}")
    print(f"{len(written)} of {len(paths)} DICOM files converted to {output}")
    if problems or not paths:
        print("\n".join(["not converted:", *problems] if paths else [f"{folder} has no DICOM file"]), file=sys.stderr)
        sys.exit(3)


def dicom_files(folder: Path) -> Iterator[Path]:
    """Yield the files that are DICOM by suffix or content, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and (path.suffix.lower() in _SUFFIXES or _is_marked(path)):
            yield path


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def png_name(path: Path) -> Path:
    """Return the name of the PNG file; names of DICOM files are often numbers with dots, which are no suffixes."""
    stem = path.stem if path.suffix.lower() in _SUFFIXES else path.name
    return path.with_name(f"{stem}.png")


def _convert(path: Path, target: Path, limits: tuple[float, float] | None, window: bool) -> None:
    import pydicom

    header = pydicom.dcmread(path, force=path.suffix.lower() in _SUFFIXES)
    if "PixelData" not in header:
        raise ValueError("has no picture in it")
    pixels = grey(header, header.pixel_array, own_window(header) if window else limits, 255 if window else _DEEPEST)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    Image.fromarray(pixels).save(partial, "PNG")
    os.replace(partial, target)


def own_window(header: Any) -> tuple[float, float]:
    """Return the lowest and highest value of the file's first window."""
    centre, width = header.get("WindowCenter"), header.get("WindowWidth")
    if centre is None or width is None:
        raise ValueError("has no window; give --range LOW HIGH for all files instead")
    if header.get("VOILUTFunction", "LINEAR") not in ("LINEAR", "LINEAR_EXACT"):
        raise ValueError(f"has a {header.VOILUTFunction} window; give --range LOW HIGH for all files instead")
    centre, width = float(np.ravel(centre)[0]), float(np.ravel(width)[0])
    # The standard counts a window from the middle of its first value to the middle of its last.
    middle, half = (
        (centre - 0.5, (width - 1) / 2) if header.get("VOILUTFunction") != "LINEAR_EXACT" else (centre, width / 2)
    )
    if half <= 0:
        raise ValueError(f"has a window of width {width:g}; give --range LOW HIGH for all files instead")
    return middle - half, middle + half


def grey(header: Any, stored: np.ndarray, limits: tuple[float, float] | None, top: int) -> np.ndarray:
    """Return the picture as it should be seen, white high: `limits` becomes 0 to `top`, None keeps the values."""
    if stored.ndim != 2:
        raise ValueError(f"has pixels of shape {list(stored.shape)}; only single grey pictures are converted")
    if header.get("ModalityLUTSequence"):
        raise ValueError("maps its values by a table (Modality LUT), which is not applied here")
    slope, intercept = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    values = stored * slope + intercept
    low, high = limits or _possible(header, slope, intercept)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        values = low + high - values
    if limits:
        values = (values - low) * (top / (high - low))
    elif values.min() < 0 or values.max() > top:
        raise ValueError(f"has values from {values.min():g} to {values.max():g}; give --range LOW HIGH for all files")
    return np.clip(np.round(values), 0, top).astype(np.uint8 if top == 255 else np.uint16)


def _possible(header: Any, slope: float, intercept: float) -> tuple[float, float]:
    """Return the lowest and highest value that the file's number of bits can hold."""
    bits = int(header.get("BitsStored", 16))
    first = -(2 ** (bits - 1)) if header.get("PixelRepresentation", 0) else 0
    ends = sorted(stored * slope + intercept for stored in (first, first + 2**bits - 1))
    return ends[0], ends[1]


if __name__ == "__main__":
    main()
