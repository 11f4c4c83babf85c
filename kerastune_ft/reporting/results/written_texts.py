"""Results for texts that a model writes: how well it guesses each next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.reporting.results.base import ResultPage, Results, join_names


class TextPage(ResultPage):
    """Loss, perplexity and token accuracy, and the examples with the highest loss."""

    template = "results/written_texts.html"
    headlines = ("perplexity", "token_accuracy")
    examples_link = "Highest losses"

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return nothing: there are no classes."""
        return {}

    def draw(self, results: Results) -> dict[str, Any]:
        """Return answers before training and after it, as far as they are written, and whether predictions are."""
        return {"samples": list(results.samples), "is_written": bool(results.predictions)}

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return what is learnt, with the names that labels of other kinds have, if there are any."""
        return f"texts to write{': ' if names else ''}{join_names(names)}"
