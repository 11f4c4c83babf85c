"""The models of a search: one for all trials with the same backbone and head, on their data without the test split.

What the frozen parts are computed by, the chunk and the first cut, is pinned over the whole space, so that all trials
share their stored features.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.runtime import Pinned
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.pins import find_first_layers
from kerastune_ft.training.run_directory.run_data import open_data
from kerastune_ft.training.session import warm_start
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.trials.dimensions import format_value
from kerastune_ft.trials.parts import Part, divide, gather
from kerastune_ft.trials.space import Space

# Models that are held at a time: the next trial has most often one of the last.
_MOST_MODELS = 2
# Plans that are made before the first trial.
_MOST_PLANS = 32
# Plans that are held of a model, and the numbers of phases, beside peaks of rates, that decide nothing of them.
_MOST_SHARED_PLANS = 8
_NUMBERS = ("weight_decay", "dropout", "label_smoothing", "clip_norm")


def name_model(config: RunConfig) -> str:
    """Return a hash of all that decides how the model of a configuration is built: all but schedule and outputs."""
    document = config.to_json()
    for key in ("phases", "output", "name"):
        del document[key]
    document["runtime"] = {**document["runtime"], "pinned": None}
    # A layer's rate, which every phase sets.
    document["head"] = {**document["head"], "dropout": None}
    document["lora"] = [
        each.model_dump(mode="json", include={"lora", "unfreeze"}) for each in config.phases if each.lora
    ]
    document["views"] = max((phase.augment.views or 1 for phase in config.phases), default=1)
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _describe_shape(phase: Phase) -> str:
    """Return what of a phase decides where its frozen part ends and in which batches it is computed."""
    keys = {"unfreeze", "lora", "batch_norm", "batch_size", "accumulate"}
    return json.dumps(phase.model_dump(mode="json", include=keys), sort_keys=True)


@dataclass(frozen=True)
class SharedModel:
    """A built model with its data, and what is pinned for all its trials."""

    name: str
    session: Session
    """On the first part of a trial."""
    parts: tuple[Part, ...]
    pinned: Pinned
    _plans: dict[str, Plan] = field(default_factory=dict, compare=False)

    def pin(self, config: RunConfig) -> RunConfig:
        """Return the configuration of a trial with what is pinned."""
        return config.model_copy(update={"runtime": config.runtime.model_copy(update={"pinned": self.pinned})})

    def adopt(self, config: RunConfig, part: Part) -> Session:
        """Return the session of a part of a trial, whose variables are those of all others."""
        taken, _ = warm_start.with_kept_head(config, self.session.task.scheme)
        return replace(self.session.with_phases(config.phases), config=taken, source=part.source)

    def plan(self, session: Session, part: Part, earlier: Mapping[str, Any] | None) -> Plan:
        """Return the plan of a session that `adopt` returned; `earlier` is the plan.json of a trial that goes on.

        Where a trial before differs in numbers alone, what that was resolved to is taken.
        """
        if earlier is not None:
            return planning.make(session, earlier)
        key = part.name + _describe_structure(session.config)
        known = self._plans.pop(key, None)
        made = planning.make(session) if known is None else planning.with_numbers(known, session)
        while len(self._plans) >= _MOST_SHARED_PLANS:
            del self._plans[next(iter(self._plans))]
        self._plans[key] = made
        return made


def _describe_structure(config: RunConfig) -> str:
    """Return all of a configuration but its numbers that decide nothing of a plan."""
    document = config.to_json()
    document["head"] = {**document["head"], "dropout": None}
    for phase in document["phases"]:
        phase |= {key: bool(phase[key]) for key in _NUMBERS}
        if phase["learning_rate"] is not None:
            phase["learning_rate"] = {**phase["learning_rate"], "peak": None}
    return json.dumps(document, sort_keys=True)


class Models:
    """Builds the models of a space when they are needed and holds the latest."""

    def __init__(self, space: Space, devices: Devices, report: Callable[[str], None], folds: int | None = None) -> None:
        """`report` takes lines about slow work; `folds` is how many each trial is measured on, if it is on folds."""
        self._space, self._devices, self._report, self._folds = space, devices, report, folds
        self._held: dict[str, SharedModel] = {}
        self._sources: dict[str, DataSource] = {}

    def open(self, config: RunConfig, values: Mapping[str, Any]) -> SharedModel:
        """Return the model of a configuration, which has these values of the space.

        Raises the errors of building it, and for the model of the base configuration those of planning the space on it.
        """
        name = name_model(config)
        if name in self._held:
            self._held[name] = self._held.pop(name)
            return self._held[name]
        while len(self._held) >= _MOST_MODELS:
            del self._held[next(iter(self._held))]
        session = assemble(config, self._devices, self._report, self._open_source(config))
        parts = divide(session.source, self._folds, config.data.splits)
        session = replace(session, source=parts[0].source)
        made = self._held[name] = SharedModel(name, session, parts, self._find_pinned(session, config, values))
        return made

    def _open_source(self, config: RunConfig) -> DataSource:
        key = json.dumps(config.data.to_json(), sort_keys=True)
        if key not in self._sources:
            self._sources = {key: gather(open_data(config, self._report), self._folds)}
        return self._sources[key]

    def _find_pinned(self, session: Session, config: RunConfig, values: Mapping[str, Any]) -> Pinned:
        plans = self._plan_corners(session, self.list_schedules(config, values), config)
        pins = planning.pin(session, plans)
        chunk: Any = pins.chunk
        return Pinned(chunk=chunk, layers=find_first_layers(pins, session.model), folds=self._folds)

    def list_schedules(self, config: RunConfig, values: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], RunConfig]]:
        """Return the schedules that decide what is pinned for the model of a configuration, with their values.

        They are those of the ends of the space, whichever trial needs the model first: a search that goes on meets its
        models in another order. Of a model that none of them has, built by values between ends, those values stay.
        """
        space, name = self._space, name_model(config)
        corners: list[Mapping[str, Any]] = [{}, *space.list_corners()]
        found = [(corner, other) for corner in corners if name_model(other := space.configure(corner)) == name]
        if found:
            return found
        own = {
            each.key: values[each.key]
            for each in space.dimensions
            if any(self._names_other(name, {**values, each.key: end}) for end in each.ends)
        }
        for corner in corners[1:]:
            with contextlib.suppress(ConfigError):
                found.append(({**corner, **own}, space.configure({**corner, **own})))
        return [(corner, other) for corner, other in found if name_model(other) == name] or [(values, config)]

    def _names_other(self, name: str, values: Mapping[str, Any]) -> bool:
        try:
            return name_model(self._space.configure(values)) != name
        except ConfigError:
            return False

    def _plan_corners(
        self, session: Session, schedules: Sequence[tuple[Mapping[str, Any], RunConfig]], config: RunConfig
    ) -> list[Plan]:
        """Return plans of all kinds of schedules on this model; raises ConfigError for those that match nothing."""
        shapes: dict[str, tuple[Mapping[str, Any], RunConfig]] = {}
        for corner, other in schedules:
            shapes.setdefault("".join(map(_describe_shape, other.phases)), (corner, other))
        plans, problems = [], []
        for corner, other in list(shapes.values())[:_MOST_PLANS]:
            try:
                plans.append(planning.make(session.with_phases(other.phases)))
            except ConfigError as error:
                said = ", ".join(f"{key} = {format_value(value)}" for key, value in corner.items())
                problems.append(f"with {said}: {error}" if said else str(error))
        # What another model has not for every trial, as so many units, fails those trials alone.
        if problems and (not plans or name_model(config) == name_model(self._space.base)):
            raise ConfigError("\n".join(dict.fromkeys(problems)))
        return plans
