"""What all tasks on texts share: that their inputs are tokens, which nothing changes at random."""

from __future__ import annotations


class TextInputs:
    """The part of a task that reads texts; their tokens are made ahead of everything, see input.tokens."""

    modality = "text"
