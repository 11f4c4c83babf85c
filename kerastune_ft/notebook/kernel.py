"""The IPython kernel that this process may be: whether it is there, and one output of a cell in it."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping
from typing import Any


def is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook (Jupyter, Colab, Kaggle, VS Code), not a terminal."""
    # Whoever runs a kernel has imported IPython; an IPython in a terminal has a shell, but no kernel.
    find_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = find_shell() if find_shell is not None else None
    return getattr(shell, "kernel", None) is not None


class Output:
    """One output of the cell under way, shown when it is first written and replaced by whatever is written next.

    A notebook that is saved keeps what was written last.
    """

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, html: str, text: str) -> None:
        """Show HTML, and `text` where no HTML can be shown, in the place of what was there."""
        content: Mapping[str, str] = {"text/html": html, "text/plain": text}
        # A page that is gone ends no run, as no closed stream does.
        with contextlib.suppress(Exception):
            if self._handle is None:
                display = importlib.import_module("IPython.display")
                self._handle = display.display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)
