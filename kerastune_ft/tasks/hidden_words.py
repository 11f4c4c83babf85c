"""Finding hidden words of texts: the loss of the tokens to find, and the likeliest words in their place."""

from __future__ import annotations

from typing import Any

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.writing import Writing


class HiddenWords(Writing):
    """Texts of which tokens are hidden; losses, metrics and targets are those of tokens that are written."""

    output_name = "scores of the token at each position"

    def __init__(self, options: Any, scheme: LabelScheme) -> None:
        super().__init__(options, scheme, None)

    @property
    def output_columns(self) -> tuple[str, ...]:
        """Return the columns of the likeliest word and its probability."""
        return ("word", "probability")
