"""Opens what answers with the model of a finished run, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic

from kerastune_ft.backbones.run import tokenizer_of
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.dialogues.turns import Role
from kerastune_ft.errors import ConfigError
from kerastune_ft.generation.dialogue_writer import DialogueWriter
from kerastune_ft.generation.pair_writer import PairWriter
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.pair_rows import PairSettings
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.build import load_model


def open_any_writer(run: RunDirectory, plan: Mapping[str, Any]) -> DialogueWriter | PairWriter:
    """Return what writes with the model of a run, which goes on with texts or writes one for another.

    Raises ConfigError and DataError as `open_writer` does.
    """
    if plan.get("pair"):
        return PairWriter(load_model(run), PairSettings.from_plan(plan["pair"], tokenizer_of(run, plan)))
    return open_writer(run, plan)


def open_writer(run: RunDirectory, plan: Mapping[str, Any]) -> DialogueWriter:
    """Return what answers dialogues with the model of a run; `plan` is its plan.json.

    Raises ConfigError for a run whose model writes no answers to texts, and DataError where its model cannot be opened.
    """
    if not plan.get("language"):
        raise ConfigError(f"{run}: its model answers no texts; give a run of a language model, as of causal_lm")
    return DialogueWriter(load_model(run), DialogueSettings.from_plan(plan["language"], tokenizer_of(run, plan)))


def choose_generation(config: RunConfig, given: Mapping[str, Any]) -> Generation:
    """Return how answers are generated: as the run has it, and as `given` by the names of `task.generate`.

    Raises ConfigError for a value that there cannot be, and for a key without effect.
    """
    task: Any = config.task
    own: Generation = task.generate
    try:
        chosen = Generation.model_validate({**own.model_dump(mode="python"), **given})
    except pydantic.ValidationError as problem:
        first = problem.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise ConfigError(f"{_name_option(name)}: {given.get(name)!r}: {first['msg'].lower()}") from problem
    for name in ("top_k", "top_p"):
        if name in given and chosen.temperature == 0:
            raise ConfigError(
                f"{_name_option(name)} has no effect where the most probable token is taken; give a temperature too, "
                "as --temperature 0.7"
            )
    return chosen


def find_role(plan: Mapping[str, Any]) -> Role:
    """Return whose a prompt is: a user's, or no one's in a run that learnt texts as a whole."""
    return "text" if (plan.get("language") or {}).get("texts_alone") else "user"


def _name_option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
