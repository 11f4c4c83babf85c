"""Choosing how long the rows of a model that writes are, from the rows that its own tokenizer makes of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.options.task_facts import LANGUAGE, PAIR
from kerastune_ft.config.run import RunConfig
from kerastune_ft.scaffolding.findings import add_with_reason
from kerastune_ft.scaffolding.propose import Proposal
from kerastune_ft.streams import say
from kerastune_ft.wording import counted

KEY = "sequence_length"
_SHARE = 0.95
# Where a model has no limit of its own; longer rows are for the user to ask for.
_MOST = 2048
_SAMPLE = 5_000
_LOST: Mapping[str, str] = {LANGUAGE: "from their beginning", PAIR: "from the end of the text"}


@dataclass(frozen=True)
class RowLengths:
    """The rows of examples before any is cut: of all, or of some where there are many."""

    lengths: np.ndarray
    """The positions of each, int64 [rows]."""
    examples: int
    """How many examples there are."""
    maximum: int | None
    """The positions that the backbone has; None where it has no limit."""

    def choose(self) -> int:
        """Return a length that holds 95 % of the rows, a multiple of 8, as far as the backbone has positions."""
        wanted = int(np.quantile(self.lengths, _SHARE, method="inverted_cdf"))
        return min(-(-wanted // 8) * 8, self.maximum or _MOST)


Measure = Callable[[Mapping[str, Any]], RowLengths | None]
"""Returns the rows of a configuration; None where its texts are not measured."""


def may_measure(proposal: Proposal, is_given: bool) -> bool:
    """Return whether a proposal is of texts whose rows can be measured; `is_given`: the user says how long they are."""
    document = proposal.document
    hub = document["backbone"].get("kind") == "keras_hub" and "preset" in document["backbone"]
    return not is_given and proposal.modality in _LOST and hub and document["data"]["kind"] == "table"


def with_measured_rows(proposal: Proposal, measure: Measure) -> Proposal:
    """Return a proposal whose rows hold nearly all of its examples, what the others lose said as seen.

    It stays as it is where nothing was measured.
    """
    rows = measure(proposal.document)
    if rows is None:
        return proposal
    length = rows.choose()
    data = {key: value for key, value in proposal.document["data"].items() if key not in (KEY, f"// {KEY}")}
    found = _describe(rows, length, _LOST[proposal.modality])
    add_with_reason(data, KEY, length, f"tokens of a row: {found}")
    document = {**proposal.document, "data": data}
    return replace(proposal, document=document, seen=(*proposal.seen, f"data.{KEY} {length}: {found}"))


def _describe(rows: RowLengths, length: int, where: str) -> str:
    """Return what rows of a length hold, and what is lost."""
    of = "by the tokenizer of the preset"
    if len(rows.lengths) < rows.examples:
        of += f", of {rows.examples:,} examples"
    excess = np.maximum(rows.lengths - length, 0)
    cut, total = int((excess > 0).sum()), len(rows.lengths)
    if not cut:
        return f"all {counted(total, 'row')} are whole, {of}; the longest has {int(rows.lengths.max()):,}"
    limit = f", and the backbone has {rows.maximum:,} positions at most" if length == rows.maximum else ""
    return (
        f"{total - cut:,} of {counted(total, 'row')} are whole, {of}; {cut:,} {'is' if cut == 1 else 'are'} longer and "
        f"{'loses' if cut == 1 else 'lose'} {int(excess.sum()):,} of {int(rows.lengths.sum()):,} tokens {where}{limit}"
    )


def measure_rows(config: RunConfig) -> RowLengths | None:
    """Return the rows of the texts of a configuration; None where all are plain ones, which are divided into blocks.

    Raises ConfigError and DataError for a preset and data that cannot be opened.
    """
    # Imported here: TensorFlow takes seconds, and most data are proposed for without it.
    from kerastune_ft.backbones.read_input import read_input
    from kerastune_ft.data.open import open_source
    from kerastune_ft.input.language.language_loader import make_settings

    given = read_input(config.backbone)
    if given is None or not hasattr(config.task, "template"):
        return None
    options: Any = config.task
    source: Any = open_source(config.data, options, cache_directory(config.runtime), say)
    examples = len(source.keys)
    indices = np.linspace(0, examples - 1, min(examples, _SAMPLE)).astype(np.int64)
    dialogues = [source.read_dialogue(int(index)) for index in indices]
    if all(turn.is_plain for dialogue in dialogues for turn in dialogue):
        return None
    whole = make_settings(options, given, int(np.iinfo(np.int32).max) - 1)
    return RowLengths(whole.pack(dialogues).lengths, examples, given.maximum_length)
