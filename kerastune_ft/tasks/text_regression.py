"""Text regression: one number, or several, for a text."""

from __future__ import annotations

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import TextRegression as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.regression import Regression
from kerastune_ft.tasks.texts import TextInputs


class TextRegression(TextInputs, Regression):
    """Texts and values."""

    kind = "text_regression"


def build(options: Options, head: Head, scheme: LabelScheme, seed: int) -> TextRegression:
    """Build the task for the targets of the scheme."""
    return TextRegression(head, scheme, seed)
