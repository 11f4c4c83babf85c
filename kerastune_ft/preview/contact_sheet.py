"""Writes a sheet of small pictures with captions as one PNG or one self-contained HTML file."""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastune_ft.errors import OUT_OF_SPACE, ConfigError
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.wording import encode_text

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

SUFFIXES = (".png", ".html")

# The longer side of a picture on the sheet, at least and at most.
_SMALLEST, LARGEST = 96, 224
_GAP, _CAPTION, _LINE = 8, 190, 20
_MARK = ("Software", "kerastune_ft plan --pictures")
"""Text in every sheet, by which a later command knows that it may replace it."""
_INK, _FAINT, _PAPER = (20, 20, 20), (120, 120, 120), (255, 255, 255)
_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:1.5rem;max-width:90rem}h2{font-size:1rem;margin:1.5rem 0 .5rem}"
    "th{font-weight:normal;text-align:left;padding:.2rem .6rem .2rem 0;vertical-align:top;overflow-wrap:anywhere;"
    "max-width:14rem}small{color:#777}td{padding:.2rem}"
)


_PLAYERS = "td audio{display:block;width:0;min-width:100%;height:2rem}"


@dataclass(frozen=True)
class Cells:
    """A column of a sheet: what it shows of each example."""

    pictures: np.ndarray
    """uint8 [rows, height, width, 3]."""
    sounds: tuple[bytes, ...] = ()
    """WAV files to play, one a row; none where there are pictures alone."""


@dataclass(frozen=True)
class Block:
    """Rows of pictures under a title."""

    title: str
    columns: tuple[tuple[str, Cells], ...] = ()
    """Their names and what they show; none where the title is enough."""

    @property
    def rows(self) -> int:
        """Return the number of rows of pictures."""
        return len(self.columns[0][1].pictures) if self.columns else 0


@dataclass(frozen=True)
class Sheet:
    """Blocks of the same examples; every row has a label and, smaller, a name."""

    title: str
    captions: Sequence[tuple[str, str]]
    blocks: Sequence[Block]


def check_target(target: Path) -> None:
    """Raise ConfigError where a sheet cannot be written to this file."""
    if target.suffix.lower() not in SUFFIXES:
        raise ConfigError(f'--pictures: {target} ends in "{target.suffix}"; write a name that ends in .png or .html')
    if target.is_dir():
        raise ConfigError(f"--pictures: {target} is a folder; name a file")
    if target.exists() and not target.is_file():
        raise ConfigError(f"--pictures: {target} is a pipe or device; name a file")
    if not target.parent.is_dir():
        raise ConfigError(f"--pictures: there is no folder {target.parent}; make it, or name another file")
    if not os.access(target.parent, os.W_OK):
        raise ConfigError(f"--pictures: the folder {target.parent} cannot be written to; name another file")
    refuse_inside_run(target, "--pictures")
    if target.exists() and target.stat().st_size and not _is_sheet(target):
        raise ConfigError(
            f"--pictures: {target} is there and was not written by this command; name another file, or delete it"
        )


def _is_sheet(target: Path) -> bool:
    """Return whether an earlier command wrote this file."""
    from PIL import Image

    try:
        if target.suffix.lower() == ".html":
            return _STYLE.encode() in target.read_bytes()
        with Image.open(target) as image:
            return image.info.get(_MARK[0]) == _MARK[1]
    except (OSError, ValueError, SyntaxError):
        return False


def write(sheet: Sheet, target: Path) -> None:
    """Write the sheet, whole or not at all."""
    content = encode_text(_render_html(sheet)) if target.suffix.lower() == ".html" else _render_png(sheet)
    try:
        RunDirectory(target.absolute().parent).commit(target.name, content)
    except OSError as problem:
        if problem.errno in OUT_OF_SPACE:
            raise
        raise ConfigError(f"--pictures: {target} cannot be written: {problem.strerror}; name another file") from problem


def _render_html(sheet: Sheet) -> str:
    parts = [
        f'<!doctype html><meta charset="utf-8"><title>{html.escape(sheet.title)}</title><style>{_STYLE}</style>',
        f"<h1>{html.escape(sheet.title)}</h1>",
    ]
    if any(cells.sounds for block in sheet.blocks for _, cells in block.columns):
        parts.append(f"<style>{_PLAYERS}</style>")
    for block in sheet.blocks:
        parts.append(f"<h2>{html.escape(block.title)}</h2>")
        if not block.columns:
            continue
        heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *(name for name, _ in block.columns)))
        parts.append(f"<table><tr>{heads}</tr>")
        for row, (label, name) in enumerate(sheet.captions):
            cells = "".join(_render_cell(cells, row, label) for _, cells in block.columns)
            parts.append(f"<tr><th>{html.escape(label)}<br><small>{html.escape(name)}</small></th>{cells}</tr>")
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _render_cell(cells: Cells, row: int, label: str) -> str:
    shown = f'<img alt="{html.escape(label)}" src="{_encode_data_uri(_scale_for_sheet(cells.pictures[row]))}">'
    if cells.sounds:
        encoded = base64.b64encode(cells.sounds[row]).decode()
        shown += f'<audio controls preload="none" src="data:audio/wav;base64,{encoded}"></audio>'
    return f"<td>{shown}</td>"


def _encode_data_uri(picture: Image.Image) -> str:
    return f"data:image/png;base64,{base64.b64encode(_encode_png(picture)).decode()}"


def _encode_png(picture: Image.Image) -> bytes:
    from PIL import PngImagePlugin

    written, about = io.BytesIO(), PngImagePlugin.PngInfo()
    about.add_text(*_MARK)
    picture.save(written, "PNG", pnginfo=about)
    return written.getvalue()


def _scale_for_sheet(pixels: np.ndarray) -> Image.Image:
    """Return a picture of a size that fits a sheet; a small one is enlarged by a whole factor, pixel by pixel."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    side = max(picture.size)
    if side < _SMALLEST:
        times = -(-_SMALLEST // side)
        return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def _render_png(sheet: Sheet) -> bytes:
    from PIL import Image, ImageDraw

    sizes = [_measure_pictures(block) for block in sheet.blocks]
    widths = (len(block.columns) * (width + _GAP) for block, (width, _) in zip(sheet.blocks, sizes, strict=True))
    across = _CAPTION + max(widths) + _GAP
    heights = [
        2 * _LINE + (_LINE + block.rows * (height + _GAP))
        for block, (_, height) in zip(sheet.blocks, sizes, strict=True)
    ]
    canvas = Image.new("RGB", (max(across, 4 * _CAPTION), 3 * _LINE + sum(heights)), _PAPER)
    pen = ImageDraw.Draw(canvas)
    _draw_text(pen, (_GAP, _GAP), sheet.title, canvas.width, size=16)
    top = 2 * _LINE
    for block, taken in zip(sheet.blocks, heights, strict=True):
        _draw_block(canvas, pen, block, sheet.captions, top)
        top += taken
    return _encode_png(canvas)


def _measure_pictures(block: Block) -> tuple[int, int]:
    """Return width and height of the pictures of a block on the sheet; none has a block without pictures."""
    if not block.columns:
        return 0, 0
    size: tuple[int, int] = _scale_for_sheet(block.columns[0][1].pictures[0]).size
    return size


def _draw_block(
    canvas: Image.Image, pen: ImageDraw.ImageDraw, block: Block, captions: Sequence[tuple[str, str]], top: int
) -> None:
    _draw_text(pen, (_GAP, top + _GAP), block.title, canvas.width)
    top += 2 * _LINE
    for row, (label, name) in enumerate(captions[: block.rows]):
        pictures = [_scale_for_sheet(cells.pictures[row]) for _, cells in block.columns]
        width, height = pictures[0].size
        place = top + _LINE + row * (height + _GAP)
        _draw_text(pen, (_GAP, place), label, _CAPTION)
        _draw_text(pen, (_GAP, place + _LINE), name, _CAPTION, fill=_FAINT, size=11)
        for column, picture in enumerate(pictures):
            left = _CAPTION + column * (width + _GAP)
            if row == 0:
                _draw_text(pen, (left, top), block.columns[column][0], left + width + _GAP, fill=_FAINT, size=11)
            canvas.paste(picture, (left, place))


def _draw_text(
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    limit: int,
    fill: tuple[int, int, int] = _INK,
    size: int = 13,
) -> None:
    """Draw one line that ends before `limit`; of a long text the end, in which names differ."""
    font = _load_font(size)
    line = " ".join(text.split())
    room = limit - place[0] - _GAP
    if pen.textlength(line, font) > room:
        while line and pen.textlength(f"…{line}", font) > room:
            line = line[1:]
        line = f"…{line}"
    pen.text(place, line, fill, font)


def _load_font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that comes with matplotlib; Pillow's own has Latin letters only."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), size)
