"""The contract of what a server serves: a run or an export, which reads inputs and answers prepared ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from kerastune_ft.serving.inputs import Form, Given
from kerastune_ft.serving.outputs import Answer


class ServedModel(Protocol):
    """A model that is loaded. `read` is called in several threads at once, all else in one."""

    name: str
    """Its name in the paths of requests."""
    platform: str
    """What computes it, as `keras` or `onnx`."""
    form: Form
    classes: tuple[str, ...]
    """The names of its classes, in the order of its outputs; of several values their names."""

    def read(self, given: Given) -> Any:
        """Return an input prepared for `answer`; raise ValueError with the reason where it cannot be read."""

    def answer(self, examples: Sequence[Any]) -> Sequence[Answer]:
        """Return the answer of each prepared input, computed at once."""

    def warm(self, example: Any, shapes: Sequence[int]) -> None:
        """Compute batches of these numbers of examples, so that nothing is compiled when requests come."""
