"""The features that every phase uses and their cost: the input of the decision what to cache."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.runtime import effective_cache
from kerastune_ft.config.options.task_facts import MASKED, facts
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import costs
from kerastune_ft.graph.lengths import Length, find_targets
from kerastune_ft.graph.partition import Stage, row_sizes
from kerastune_ft.graph.rebuild.image_size import Size
from kerastune_ft.graph.rebuild.precision import FLOAT32
from kerastune_ft.stores.budget import budget_bytes, size_text
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.plan import cache_plan
from kerastune_ft.training.plan.cache_plan import BASE, CUT, INPUT, NOT_AUGMENTED, CachedFeatures, CachePlan, FeatureUse
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session

# Sustained float32 rates in convolutions; the plan names the one it uses as the basis of its estimates.
_FLOPS_PER_CORE, _FLOPS_PER_GPU, _FLOPS_PER_TPU = 25e9, 1e13, 3e13
# A core's time for a pixel: to decode one, to resize to one, to augment one.
_DECODED, _RESIZED, _AUGMENTED = 10e-9, 20e-9, 60e-9
# A core's time to open a file, and what an example's share of calling a stage takes, however little it computes.
_OPENED, _CALLED = 3e-4, 2e-5

_USUAL_VIEWS = '{"preset": "light", "views": 4}'
_VIEWS = {MASKED: '{"views": 4}'}


def cores() -> int:
    """Return the cores that estimates count on."""
    return os.cpu_count() or 1


def flops_rate(devices: Devices) -> tuple[float, str]:
    """Return the FLOP/s that estimates count on, over all replicas, and how that is said."""
    if devices.kind == "tpu":
        return devices.replicas * _FLOPS_PER_TPU, f"{_FLOPS_PER_TPU / 1e12:.0f} TFLOP/s on each of {devices.replicas}"
    if any("GPU" in name for name in devices.names):
        return devices.replicas * _FLOPS_PER_GPU, f"{_FLOPS_PER_GPU / 1e12:.0f} TFLOP/s on each of {devices.replicas}"
    said = f"{_FLOPS_PER_CORE / 1e9:.0f} GFLOP/s per core and {cores()} cores"
    return cores() * _FLOPS_PER_CORE, said


def plan_cache(session: Session, phases: Sequence[PhasePlan], earlier: Mapping[str, Any] | None) -> CachePlan:
    """Decide what the phases store; `earlier` is the run's plan.json, if it has one, whose decision is obeyed.

    Raises ConfigError where a phase requires a store that cannot be exact or is over the budget.
    """
    needs = [need for plan in phases for need in _find_uses(session, phases, plan)]
    sizes = {split: len(indices) for split, indices in session.examples.splits.items()}
    runtime = session.config.runtime
    decision = CachePlan(tuple(needs), sizes, budget_bytes(runtime.cache_budget, session.cache / "features"))
    required = _find_required(session, decision, phases)
    return cache_plan.decide(needs, sizes, decision.budget, required, _stores_to_keep(session, earlier))


def cache_settings(session: Session) -> dict[str, Any]:
    """Return the settings of the cache; where they change, a resumed run decides again what to store."""
    runtime = session.config.runtime
    return {
        "budget": runtime.cache_budget,
        "phases": [effective_cache(phase, runtime) for phase in session.config.phases],
    }


def _stores_to_keep(session: Session, earlier: Mapping[str, Any] | None) -> Collection[str] | None:
    if earlier is None or earlier.get("cache", {}).get("settings") != cache_settings(session):
        return None
    return [entry["id"] for entry in earlier["cache"]["stores"]]


def _find_required(session: Session, decision: CachePlan, phases: Sequence[PhasePlan]) -> set[CachedFeatures]:
    required: set[CachedFeatures] = set()
    for plan in phases:
        if effective_cache(plan.phase, session.config.runtime) != "required":
            continue
        place = f"phases[{plan.index}] ({plan.phase.name}).cache: required"
        uses = decision.of_phase(plan.index)
        train = next((use for use in uses if use.fresh), uses[0])
        if train.fresh:
            raise ConfigError(
                f"{place}, and its {train.drawn} is drawn anew in every epoch, so that no two are alike; give "
                f'augment.views, as in {_VIEWS.get(plan.modality, _USUAL_VIEWS)}, or "cache": "auto"'
            )
        if not plan.stages:
            raise ConfigError(f'{place}, and nothing is frozen below what it trains; write "cache": "auto"')
        required |= cache_plan.with_others([use.stores[CUT] for use in uses if CUT in use.stores])
    if (size := sum(map(decision.bytes, required))) > decision.budget:
        raise ConfigError(
            f"cache: what is required takes {size_text(size)}, and runtime.cache_budget is "
            f'{size_text(decision.budget)}; raise it, or write "cache": "auto"'
        )
    return required


def variant(session: Session, plan: PhasePlan) -> str:
    """Return what the stored views of a phase's training examples depend on; PLAIN without augmentation and mixing."""
    if not plan.augments:
        return NOT_AUGMENTED
    operations = plan.phase.augment.resolve(plan.modality)
    if plan.noise is not None:
        operations["noise"] = plan.noise.hash
    # Views that an earlier version zoomed otherwise are others.
    zoom = {"zooms_evenly": True} if operations.get("zoom") and session.config.rules.zooms_evenly else {}
    mixing: dict[str, Any] = {}
    if plan.mixing is not None:
        partners = plan.mixing.partners.hash(session.examples.contents)
        mixing = {"mixup": plan.mixing.mixup, "cutmix": plan.mixing.cutmix, "partners": partners}
    return json.dumps({"seed": session.config.seed, **operations, **zoom, **mixing}, sort_keys=True)


def _find_uses(session: Session, phases: Sequence[PhasePlan], plan: PhasePlan) -> list[FeatureUse]:
    """Return what a phase looks at: training examples, then those it measures itself on."""
    splits, measured = session.source.splits, {"validation": plan.passes}
    if plan.index == len(phases) - 1:
        measured["validation"] += 1
        if "test" in splits:
            measured["test"] = 1
        if session.devices.precision != FLOAT32 or session.config.runtime.frozen_precision is not None:
            # What is measured last is computed in float32, by another model.
            measured = {"validation": plan.passes}
    if plan.index == 0 and facts(session.config.task).learns_tokens:
        # It is measured on both before its first step.
        measured |= {split: measured.get(split, 0) + 1 for split in ("validation", "test") if split in splits}
    uses = []
    for part, own in session.parts.items():
        is_changed = plan.augments and own.backbone.input.modality == plan.modality
        if not is_changed and plan.image_size is None:
            both = {"train": plan.passes, **measured}
            uses.append(_find_use(own, phases, plan, NOT_AUGMENTED, both, part=part))
            continue
        drawn, train = variant(session, plan), {"train": plan.passes}
        uses.append(_find_use(own, phases, plan, drawn, train, plan.image_size, part))
        uses.append(_find_use(own, phases, plan, NOT_AUGMENTED, measured, part=part))
    return uses


def _find_use(
    session: Session,
    phases: Sequence[PhasePlan],
    plan: PhasePlan,
    kind: str,
    passes: Mapping[str, int],
    image_size: Size | None = None,
    part: str = "",
) -> FeatureUse:
    """Return a use of features by a phase, at the size of its training images or, for None, at the model's own.

    `session` is that of the `part`, where there are several inputs.
    """
    session, stages = session.at(image_size), plan.cut_at(image_size).stages_of(part)
    views = plan.phase.augment.views if kind != NOT_AUGMENTED else 1
    fresh = views is None
    pixels, length = _values(session), mean_length(session)
    rate, _ = flops_rate(session.devices)
    # A partner is loaded and changed too.
    loaded = 2 if plan.mixing is not None and kind != NOT_AUGMENTED else 1
    computing = [costs.forward_flops(stage.model, length) / rate + _CALLED for stage in stages]
    stores: dict[str, CachedFeatures] = {}
    if effective_cache(plan.phase, session.config.runtime) != "off":
        if session.examples.encoded and not isinstance(session.loader.input_spec(), Mapping):
            # What is read beside tokens, as sounds are, is decoded each time.
            stores[INPUT] = CachedFeatures((), -1, NOT_AUGMENTED, _input_bytes(session), image_size, part)
        if not fresh:
            stores |= _find_stores(session, phases, plan, stages, kind, image_size, part)
    return FeatureUse(
        phase=plan.index,
        fresh=fresh,
        views=min(views or 1, plan.passes) if kind != NOT_AUGMENTED else 1,
        passes=passes,
        stores=stores,
        drawn=_name_draws(plan),
        decoding=loaded * _decoding(session, pixels),
        augmenting=loaded * pixels * _AUGMENTED / cores() if kind != NOT_AUGMENTED else 0.0,
        base=computing[0] if len(computing) > 1 else 0.0,
        rest=computing[-1] if computing else 0.0,
        image_size=image_size,
        part=part,
    )


def _find_stores(
    session: Session,
    phases: Sequence[PhasePlan],
    plan: PhasePlan,
    stages: Sequence[Stage],
    kind: str,
    image_size: Size | None,
    part: str,
) -> dict[str, CachedFeatures]:
    """Return by level the features that a phase could store at the ends of its stages."""
    found: dict[str, CachedFeatures] = {}
    names = tuple(stage.cut_names for stage in stages)
    for number, stage in enumerate(stages):
        below = {variable.path for each in stages[: number + 1] for variable in each.model.variables}
        found[CUT if number == len(names) - 1 else BASE] = CachedFeatures(
            names[: number + 1],
            _state(phases, plan.index, below),
            kind,
            _row_bytes(session, stage, mean_length(session)),
            image_size,
            part,
            found[BASE] if stage.passed else None,
        )
    return found


def _name_draws(plan: PhasePlan) -> str:
    """Return the random changes of a phase's training examples, in words."""
    own = "choice of hidden words" if plan.modality == MASKED else "augmentation"
    kinds = {own: plan.operations is not None, "mixing": plan.mixing is not None}
    return " and ".join(kind for kind, is_drawn in kinds.items() if is_drawn)


def _values(session: Session) -> int:
    """Return the pixels of an image, or the samples of a sound, as the model takes it."""
    return session.backbone.input.values


def mean_length(session: Session) -> Length:
    """Return the tokens of a row in the mean, padding included; 1 where examples are no texts."""
    return session.loader.mean_length


def _row_bytes(session: Session, stage: Stage, length: Length) -> int:
    """Return the bytes of a row of a store, in the mean where rows have several lengths."""
    sizes = row_sizes(stage.cut, find_targets(session.model), length)
    return math.ceil(sum(sizes[place] for place in stage.new))


def _input_bytes(session: Session) -> int:
    spec = session.loader.input_spec()
    return int(spec.shape.num_elements()) * int(spec.dtype.size)


def _decoding(session: Session, pixels: int) -> float:
    examples = session.examples
    own = examples.decoded_pixels or float(pixels)
    decoded = _OPENED + own * _DECODED if examples.encoded else 0.0
    return (decoded + pixels * _RESIZED) / cores()


def _state(phases: Sequence[PhasePlan], index: int, below: Collection[str]) -> int:
    """Return the last phase before this one after which a variable below its cut is not what it was pretrained as."""
    for earlier in reversed(phases[:index]):
        if phases[earlier.index + 1].phase.start_from == "pretrained":
            return -1
        if not set(earlier.changing).isdisjoint(below):
            return earlier.index
    return -1
