"""What all tasks share that put one vector of outputs on pooled features."""

from __future__ import annotations

from typing import Any

from kerastune_ft.config.options.heads import Head
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.tasks.base import Task


class PooledTask(Task):
    """One vector of outputs per example; what the examples are is for a subclass to say."""

    needs = "sequence"

    def __init__(self, head: Head, scheme: LabelScheme, seed: int) -> None:
        """`scheme` names the outputs, in order."""
        self.scheme = scheme
        self._head, self._seed = head, seed

    def head(self, features: Any, mask: Any = None) -> Any:
        """Return raw outputs [batch, names of the scheme]."""
        return dense_head(features, self._head, len(self.scheme.names), self._seed, mask=mask)
