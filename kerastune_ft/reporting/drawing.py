"""Colours and style of all figures, and SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each colour is a variable of the page's style sheet; the hex value is the light theme, used outside the page too.
COLOURS = {
    "ink": "#1d2530",
    "muted": "#5d6875",
    "grid": "#e3e7ec",
    "band": "#f2f5f9",
    "train": "#8d99a8",
    "validation": "#2457d6",
    "best": "#d4490c",
    "second": "#0d8a72",
    "third": "#8b3fc4",
}


def render_svg(figure: Figure, label: str) -> str:
    """Return a figure as inline SVG: the same bytes for the same figure, colours from the page's style sheet.

    `label` is read aloud in the place of the figure.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    # Text stays text: the browser draws it in the page's font, so letters that matplotlib's font lacks are shown.
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": _name_salt(figure, label)}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)
    text = buffer.getvalue().decode("utf-8")
    text = text[text.index("<svg") :]
    for name, value in COLOURS.items():
        text = text.replace(value, f"var(--{name}, {value})")
    # Names of groups, to which nothing refers, would be the same in every figure of a page.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    # The size follows the page; the view box keeps the proportions.
    opening = f'<svg role="img" aria-label="{html.escape(label)}" '
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', lambda match: opening + match.group(1), text, count=1)


def render_both(draw: Callable[..., Figure], label: str) -> dict[str, str]:
    """Return a figure as inline SVG for wide and for narrow screens; `draw` takes `narrow`."""
    return {width: render_svg(draw(narrow=width == "narrow"), label) for width in ("wide", "narrow")}


def _name_salt(figure: Figure, label: str) -> str:
    """Return what the ids in a figure depend on: on one page, none of two versions of a figure may have the other's."""
    return f"{label} {figure.get_figwidth():g} x {figure.get_figheight():g}"


def style_frame(axis: Axes) -> None:
    """Remove everything of the frame of an axis but the bottom line and the numbers."""
    axis.set_axisbelow(True)
    axis.patch.set_visible(False)
    axis.figure.patch.set_visible(False)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color(COLOURS["muted"])
    axis.tick_params(which="both", colors=COLOURS["muted"], left=False, labelsize=9)
