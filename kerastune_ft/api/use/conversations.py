"""Conversations with the model of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.api.use.open_model import open_model
from kerastune_ft.rundir import RunDirectory


def open_conversation(
    target: RunDirectory, *, system: str | None = None, generate: Mapping[str, Any] | None = None
) -> Any:
    """Return a `Conversation` with the model of a run; see `kerastune_ft.inference.language.conversation`.

    `system` are instructions to the model. `generate` says how answers are written where that is not to be as in
    `task.generate`, by its names, and with which `seed`. Raises ConfigError for a run whose model writes no texts.
    """
    with open_model(target, "in a conversation", "give a smaller --max-new-tokens", has_bars=False) as (settings, _):
        from kerastune_ft.inference.language.conversation import Conversation
        from kerastune_ft.inference.language.open_writer import choose_generation, open_writer

        plan = target.read_json("plan.json")
        writer = open_writer(target, plan)
        given = dict(generate or {})
        seed = int(given.pop("seed", settings.seed))
        return Conversation(writer, choose_generation(settings, given), seed, system)
