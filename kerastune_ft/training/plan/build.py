"""Builds the plan: what every phase trains, at which rates, in how many steps, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.graph import boundary, keras_private, randomness, rates
from kerastune_ft.graph.boundary import HEAD, Selection
from kerastune_ft.graph.lengths import find_targets
from kerastune_ft.graph.partition import (
    Crossing,
    CutModel,
    Partition,
    Stage,
    partition,
    partition_at_meeting,
    split_prefix,
)
from kerastune_ft.graph.parts import partition_parts, split_parts
from kerastune_ft.input.order import count_batches
from kerastune_ft.input.sounds.noise import NoiseSounds
from kerastune_ft.saved_model.base import check_savable
from kerastune_ft.training.plan.cache_plan import CachePlan
from kerastune_ft.training.plan.document import plan_document
from kerastune_ft.training.plan.feature_usage import plan_cache
from kerastune_ft.training.plan.keys import batch_norm, class_balance, solved
from kerastune_ft.training.plan.keys.frozen_precision import lower_phases
from kerastune_ft.training.plan.keys.mixing import find_mixing
from kerastune_ft.training.plan.keys.pull import check_pull
from kerastune_ft.training.plan.keys.recompute import check_recompute
from kerastune_ft.training.plan.phase_plan import EvaluationPlan, PhasePlan, Plan
from kerastune_ft.training.plan.pieces import CHUNK_STEP, LARGEST_CHUNK, find_pieces, in_pieces
from kerastune_ft.training.plan.pins import Pins, describe_pins, pins_in, read_pins
from kerastune_ft.training.session import adapters
from kerastune_ft.training.session.adapters import place_of
from kerastune_ft.training.session.session import Session


def for_evaluation(session: Session, document: Mapping[str, Any]) -> EvaluationPlan:
    """Return the last phase of a run as evaluation needs it; `document` is the run's plan.json."""
    index = len(session.config.phases) - 1
    selection, trained = _select(session, index, session.config.phases[index])
    # Of one replica, so that the chunk divides them on any number of devices.
    rows = document["phases"][index]["replica_batch"]
    live = _live_layers(session, selection)
    cut = base = _cut(session, trained, live)
    # Nothing stays frozen for longer than in the last phase, so that its prefix has one stage unless another is pinned.
    if pinned := pins_in(document):
        base = _cut(session, pinned.trained.union(trained), pinned.live | live)
    batch_size = rows * session.devices.replicas
    stages, by_part = _split_prefixes(session, cut, base, trained, live)
    return EvaluationPlan(selection, trained, cut, stages, batch_size, document["chunk"], by_part)


def _cut(session: Session, trained: Collection[str], live: Collection[str]) -> Partition:
    """Return the partition of the session's model; of several inputs each part has a prefix of its own."""
    given: Any = session.backbone.input
    if session.loader.parts:
        return partition_parts(session.model, trained, live, given.names)
    return partition(session.model, trained, live)


def _split_prefixes(
    session: Session, cut: Partition, base: Partition, trained: Collection[str], live: Collection[str]
) -> tuple[tuple[Stage, ...], dict[str, tuple[Stage, ...]]]:
    """Return the stages of the prefix of a partition, and the same by part where there are several inputs.

    `trained` and `live` are those that it is cut by. Of a model of an encoder and a decoder the first stage ends where
    these meet, and not at `base`: the output of the encoder is then the same for all cuts in the decoder, of any run.
    """
    if not cut.parts:
        if session.config.rules.stores_shared_once:
            meeting = partition_at_meeting(session.model, trained, live, cut)
            if meeting is not None:
                return split_prefix(cut, meeting, passes=True), {}
        return split_prefix(cut, base), {}
    by_part = split_parts(cut, base)
    return tuple(stage for stages in by_part.values() for stage in stages), by_part


def for_whole(session: Session, batch_size: int) -> EvaluationPlan:
    """Return the plan of measuring a model as a whole, in batches of so many examples on a replica."""
    model = session.model
    if session.loader.parts:
        # Everything is taken for trained, so that each part is its inputs.
        every = {variable.path for variable in model.variables}
        cut = _cut(session, every, ())
        by_part: dict[str, tuple[Stage, ...]] = {part.name: () for part in cut.parts}
        nothing = Selection((), HEAD, frozenset())
        return EvaluationPlan(nothing, (), cut, (), batch_size * session.devices.replicas, 1, by_part)
    names = tuple(keras_private.maker(tensor) for tensor in model.inputs)
    whole = Partition(None, model, tuple(model.inputs), names, Crossing(tuple(model.inputs), names))
    return EvaluationPlan(Selection((), HEAD, frozenset()), (), whole, (), batch_size * session.devices.replicas, 1)


def make(session: Session, earlier: Mapping[str, Any] | None = None, pinned: Pins | None = None) -> Plan:
    """Resolve every phase of the session's configuration.

    `earlier` is the plan.json of a run that goes on: what it decided to store is stored, what it pinned stays pinned.
    `pinned`, or `runtime.pinned`, sets from outside what otherwise follows from all phases, so that several schedules
    share their stores.
    Raises ConfigError for a phase that matches nothing or trains nothing, DataError for data it cannot be trained on.
    """
    written = session.config.runtime.pinned
    pinned = pinned or pins_in(earlier) or read_pins(written, session.model)
    problems: list[str] = []
    phases: list[PhasePlan] = []
    for index, phase in enumerate(session.config.phases):
        try:
            plan = _phase(session, index, phase)
            count = find_pieces(earlier, index, session.devices.replicas) if phase.accumulate == "auto" else None
            phases.append(plan if count is None else in_pieces(plan, count))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    check_savable(session.model, session.backbone.name)
    _check_splits(session)
    phases = lower_phases(session.config, _add_stages(session, phases, pinned), bool(find_targets(session.model)))
    check_recompute(session, phases)
    chunk = pinned.chunk if pinned else _choose_chunk(session, phases)
    decision = plan_cache(session, phases, earlier)
    return Plan(tuple(phases), chunk, decision, _describe(session, phases, chunk, decision, pinned))


def with_numbers(plan: Plan, session: Session) -> Plan:
    """Return the plan of a session whose phases are those of a plan but for numbers that decide nothing of it.

    They are peaks of learning rates, weight decay, dropout, label smoothing and the norms that gradients are clipped
    to, none of which appears or goes away.
    """
    given = session.config.phases
    phases = [replace(each, phase=phase) for each, phase in zip(plan.phases, given, strict=True)]
    document = _describe(session, phases, plan.chunk, plan.decision, pins_in(plan.document))
    return replace(plan, phases=tuple(phases), document=document)


def _describe(
    session: Session, phases: Sequence[PhasePlan], chunk: int, decision: CachePlan, pinned: Pins | None
) -> dict[str, Any]:
    """Return plan.json."""
    document = plan_document(session, phases, chunk, decision)
    if pinned:
        document |= {"pinned": pinned.to_json()}
    if written := session.config.runtime.pinned:
        document["notes"] = [*document["notes"], describe_pins(written)]
    return document


def pin(session: Session, plans: Iterable[Plan]) -> Pins:
    """Return pins that suit all these plans of one session, whatever their schedules."""
    phases = [phase for plan in plans for phase in plan.phases]
    return Pins(
        chunk=_choose_chunk(session, phases),
        trained=frozenset(path for phase in phases for path in phase.trained),
        live=frozenset().union(*(_live_layers(session, phase.selection) for phase in phases)),
    )


def _add_stages(session: Session, phases: Sequence[PhasePlan], pinned: Pins | None) -> list[PhasePlan]:
    """Return the phases with the stages of their prefixes: the first ends where later phases, too, stay frozen.

    Those are the later phases that train at the same size; at the model's own size all phases are measured.
    """
    staged = []
    for plan in phases:
        following = phases[plan.index :]
        alike = [each for each in following if plan.image_size in (None, each.image_size)]
        stages, by_part = _split(session.at(plan.image_size), plan, plan.partition, alike, pinned)
        changed = replace(plan, stages=stages, by_part=by_part)
        if (own := plan.at_own_size) is not None:
            stages, _ = _split(session, plan, own.partition, following, pinned)
            changed = replace(changed, at_own_size=replace(own, stages=stages))
        staged.append(changed)
    return staged


def _split(
    session: Session, plan: PhasePlan, cut: Partition, following: Sequence[PhasePlan], pinned: Pins | None
) -> tuple[tuple[Stage, ...], dict[str, tuple[Stage, ...]]]:
    """Return the stages of a phase's prefix, and those of its parts where there are several inputs.

    `following` are it and the phases whose frozen part it may share.
    """
    trained = {path for each in following for path in each.trained}.union(pinned.trained if pinned else ())
    live = frozenset().union(*(_live_layers(session, each.selection) for each in following))
    live |= pinned.live if pinned else set()
    own = _live_layers(session, plan.selection)
    is_whole = trained <= set(plan.trained) and live <= own
    base = cut if is_whole else _cut(session, trained, live)
    return _split_prefixes(session, cut, base, plan.trained, own)


def _select(session: Session, index: int, phase: Phase) -> tuple[Selection, tuple[str, ...]]:
    """Return what a phase unfreezes and the paths of all that trains in it, the head included."""
    units = session.backbone.units
    place = place_of(index, phase)
    if phase.lora is not None:
        selection = adapters.select(phase, units, place)
    else:
        selection = boundary.resolve(phase.unfreeze, units, f"{place}.unfreeze", phase.batch_norm)
        batch_norm.check(units, selection, phase.batch_norm, f"{place}.batch_norm")
    head = {variable.path for variable in session.head.variables}
    trained = tuple(path for path in session.variables if path in selection.variables or path in head)
    if not trained and not selection.statistics:
        raise ConfigError(
            f"{place}.unfreeze: nothing would train: the vocabulary of {session.backbone.name} is tied to its "
            'embeddings, so that there is no head with weights of its own; write {"last": 1} to train the last block, '
            'or that with "lora": {"rank": 8} to train adapters on it'
        )
    return selection, trained


def _phase(session: Session, index: int, phase: Phase) -> PhasePlan:
    selection, trained = _select(session, index, phase)
    check_pull(session, phase, trained, place_of(index, phase))
    unit_factors = _find_factors(session, index, phase, selection)
    unit_of = {variable.path: unit.id for unit in session.units for variable in unit.variables}
    batch_size, micro_batches = batch_sizes(session, phase)
    update_batch = batch_size * micro_batches
    steps_per_epoch = count_steps(session, index, phase, update_batch, 1)
    steps = phase.steps or count_steps(session, index, phase, update_batch, phase.epochs or 1)
    live, sized = _live_layers(session, selection), session.at(phase.image_size, f"{place_of(index, phase)}.image_size")
    cut = _cut(sized, trained, live)
    if phase.is_solved:
        solved.check_linear(session, cut, trained, place_of(index, phase))
    own = None if sized is session else CutModel(partition(session.model, trained, live), ())
    return PhasePlan(
        index=index,
        phase=phase,
        selection=selection,
        trained=trained,
        unit_factors=unit_factors,
        factors={path: unit_factors[unit_of[path]] for path in trained},
        class_weights=class_balance.class_weights(session.source, phase, place_of(index, phase)),
        partition=cut,
        stages=(),
        batch_size=batch_size,
        micro_batches=micro_batches,
        update_batch=update_batch,
        steps_per_epoch=steps_per_epoch,
        epochs=phase.epochs or math.ceil(steps / steps_per_epoch),
        steps=steps,
        mixing=find_mixing(session.examples, phase),
        modality=session.backbone.input.augmentation_modality,
        noise=_open_noise(session, index, phase),
        image_size=None if sized is session else phase.image_size,
        at_own_size=own,
    )


def _open_noise(session: Session, index: int, phase: Phase) -> NoiseSounds | None:
    if phase.augment.noise is None:
        return None
    given: Any = session.backbone.input
    rate, _ = given.rate_and_samples
    return NoiseSounds(phase.augment.noise, rate, f"{place_of(index, phase)}.augment.noise", session.config.rules)


def _find_factors(session: Session, index: int, phase: Phase, selection: Selection) -> dict[str, float]:
    """Return the factors on the rate by unit that trains; a solver, which has no rate, sets the head alone."""
    if phase.is_solved:
        return {HEAD: 1.0}
    place = f"{place_of(index, phase)}.learning_rate"
    units = session.backbone.units
    ids, parts = [unit.id for unit in units], boundary.group_by_part(units)
    return rates.unit_factors(phase.rate_policy, ids, selection.units, place, session.config.rules, parts)


def batch_sizes(session: Session, phase: Phase) -> tuple[int, int]:
    """Return the examples of a batch of a phase and the batches that make an update."""
    # A larger batch would be padding and nothing else.
    return min(phase.batch_size, len(session.examples.splits["train"])), phase.update_size // phase.batch_size


def count_steps(session: Session, draws: int, phase: Phase, update: int, epochs: int) -> int:
    """Return the updates, of so many examples each, of the first epochs of a phase; `draws` is its number in addresses.

    All epochs have as many, except where each draws its own examples and batches hold one length. An iteration of a
    solver is one of each.
    """
    if phase.is_solved:
        return epochs
    source, buckets, seed = session.examples, session.loader.buckets, session.config.seed

    def of_epoch(epoch: int) -> int:
        return count_batches(class_balance.draw_examples(source, phase, (seed, draws, epoch)), update, buckets)

    if buckets is None or phase.sampling is None:
        return epochs * of_epoch(0)
    return sum(map(of_epoch, range(epochs)))


def _live_layers(session: Session, selection: Selection) -> set[str]:
    """Return the names of the layers of this phase that draw in training or update their statistics."""
    active, updated = {*selection.units, HEAD}, set(selection.statistics)
    return {
        layer.name
        for unit in session.units
        if unit.id in active
        for layer in unit.layers
        if randomness.is_random(layer) or any(variable.path in updated for variable in layer.variables)
    }


def _check_splits(session: Session) -> None:
    splits, classes = session.source.splits, session.source.info.classes
    if not session.task.scheme.is_one_class:
        return
    for phase in session.config.phases:
        if phase.monitor.endswith("_auc"):
            present = {int(label) for label in session.source.labels[splits["validation"]]}
            absent = [name for number, name in enumerate(classes) if number not in present]
            if absent:
                raise DataError(
                    f"the validation split has no example of {', '.join(absent)}, so {phase.monitor} cannot be "
                    "computed; "
                    'use "monitor": "validation_loss" or other splits'
                )


def _choose_chunk(session: Session, phases: Sequence[PhasePlan]) -> int:
    """Return the batch shape of the prefix: the multiple of 8 up to 32 that fills the replicas' batches up least.

    In other numbers of rows matrix products and vector instructions of CPUs treat the last rows apart, so that what an
    example's features are to the bit would depend on its place in the chunk.
    """
    rows = [plan.chunk_rows(session.devices.replicas) for plan in phases]
    sizes = range(CHUNK_STEP, LARGEST_CHUNK + 1, CHUNK_STEP)
    return min(sizes, key=lambda size: (sum(-(-each // size) * size / each for each in rows), -size))
