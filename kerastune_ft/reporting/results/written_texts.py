"""Results for texts that a model writes: how well it guesses each next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastune_ft.reporting.results.base import ResultPage, Results


class TextPage(ResultPage):
    """Loss, perplexity and token accuracy, and the examples with the highest loss."""

    template = "results/written_texts.html"
    headlines = ("perplexity", "token_accuracy")
    examples_link = "Highest losses"

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return nothing: there are no classes."""
        return {}

    def draw(self, results: Results) -> dict[str, Any]:
        """Return answers before training and after it, as far as they are written."""
        return {"samples": list(results.samples)}

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return what is learnt."""
        return "texts to write"
