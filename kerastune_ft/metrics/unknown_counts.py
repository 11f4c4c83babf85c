"""Sentences on how many examples or inputs are unknown, see `task.unknown`; for reports, which import no NumPy."""

from __future__ import annotations

from kerastune_ft.wording import counted, percent


def describe_unknown(split: str, examples: int, unknown: int) -> str:
    """Return a sentence on how many examples of a split are unknown; metrics count these like all others."""
    return (
        f"{unknown:,} of {counted(examples, 'example')} of {split} ({percent(unknown / max(examples, 1), 1)}) "
        f"{'is' if unknown == 1 else 'are'} farther from all training examples than task.unknown lets through; metrics "
        f"count {'it' if unknown == 1 else 'them'} like the others"
    )


def describe_unknown_inputs(inputs: int, unknown: int) -> str:
    """Return a sentence on how many of the inputs that predictions were made for are unknown."""
    return (
        f"{unknown:,} of {counted(inputs, 'input')} ({percent(unknown / inputs, 1)}) "
        f"{'is' if unknown == 1 else 'are'} farther from all training examples than task.unknown lets through"
    )
