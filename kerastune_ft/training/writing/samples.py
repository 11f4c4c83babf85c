"""A few questions of validation as the model answers them before training and after it, for the report."""

from __future__ import annotations

from typing import Any, Literal

from kerastune_ft.metrics.document import SAMPLES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.writing.answerers import ANSWERERS, find_kind, make_writer
from kerastune_ft.training.writing.answers import choose_examples

_SPLIT = "validation"
_COUNT, _TOKENS = 3, 64


def write_samples(session: Session, run: RunDirectory, when: Literal["before", "after"]) -> None:
    """Write what the model answers now to a few examples; nothing where it writes no answers or names are not shown.

    The examples are those of the sample that metrics are measured on; answers have 64 tokens at most. Those from before
    training are written once: a run that goes on begins with the same weights.
    """
    kind = find_kind(session)
    if kind is None or not session.config.output.examples or session.devices.workers > 1:
        return
    known: list[dict[str, Any]] = run.read_json(SAMPLES) if run.exists(SAMPLES) else []
    if when == "before" and known:
        return
    indices = session.source.splits[_SPLIT]
    chosen = indices[choose_examples(session.source.keys, indices, _COUNT)].tolist()
    options: Any = session.task.options.generate  # type: ignore[attr-defined]
    short = options.model_copy(update={"max_new_tokens": min(_TOKENS, options.max_new_tokens)})
    found = ANSWERERS[kind](session, make_writer(session, kind), chosen, short)
    rows = {session.source.keys[index]: each for index, each in zip(chosen, found, strict=True)}
    earlier = {row["input"]: row for row in known}
    run.commit_json(
        SAMPLES,
        [
            {**earlier.get(key, {}), "input": key, "prompt": each.prompt, "expected": each.expected, when: each.answer}
            for key, each in rows.items()
        ],
    )
