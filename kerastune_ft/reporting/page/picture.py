"""A matplotlib figure that a notebook shows as a picture, whether or not matplotlib knows that it is in one."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

_DOTS_PER_INCH = 100


class Picture(Figure):
    """A figure that draws itself for IPython, which without `%matplotlib inline` shows others as a line of text."""

    def put_on_white(self) -> Picture:
        """Give the figure a white ground, for the dark pages of notebooks, and return it."""
        self.patch.set_visible(True)
        self.patch.set_facecolor("white")
        return self

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=_DOTS_PER_INCH)
        return buffer.getvalue()
