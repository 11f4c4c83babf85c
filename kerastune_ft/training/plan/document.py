"""A plan as plan.json has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.runtime import effective_cache
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.run import RunConfig
from kerastune_ft.graph import costs, keras_private, lora
from kerastune_ft.graph.boundary import HEAD
from kerastune_ft.graph.lengths import find_targets
from kerastune_ft.graph.partition import row_sizes
from kerastune_ft.graph.units import count
from kerastune_ft.mounts import network_notes
from kerastune_ft.training.devices import precision
from kerastune_ft.training.plan import cache_plan, memory, python_objects, unknown
from kerastune_ft.training.plan.answers import describe_answers
from kerastune_ft.training.plan.before import describe_before
from kerastune_ft.training.plan.cache_plan import CachedFeatures, CachePlan
from kerastune_ft.training.plan.dialogues import describe_dialogues
from kerastune_ft.training.plan.feature_usage import cache_settings, flops_rate, mean_length
from kerastune_ft.training.plan.keys import (
    averages,
    batch_norm,
    class_balance,
    detections,
    early_stopping,
    frozen_precision,
    recompute,
)
from kerastune_ft.training.plan.keys.pull import describe_pull
from kerastune_ft.training.plan.phase_plan import NORMS_FILE, PhasePlan
from kerastune_ft.training.plan.schedules import warmup_steps
from kerastune_ft.training.plan.tiles import describe_tiles, note_tiles
from kerastune_ft.training.session import adapters, warm_start
from kerastune_ft.training.session.session import Session


def plan_document(session: Session, phases: Sequence[PhasePlan], chunk: int, decision: CachePlan) -> dict[str, Any]:
    """Return the plan as plan.json has it."""
    config: RunConfig = session.config
    backbone = session.backbone
    parameters = sum(unit.parameters for unit in backbone.units)
    on_data = _notes_on_data(session, phases)
    return {
        "version": 1,
        "name": config.name,
        "seed": config.seed,
        "devices": session.devices.to_json(),
        "data": session.source.info.to_json(),
        "labels": session.task.scheme.to_json(),
        "backbone": {
            "kind": config.backbone.kind,
            "name": backbone.name,
            "weights": backbone.transfer.source,
            "image_size": list(backbone.input.image_size),
            "preprocessing": backbone.preprocessing,
            "output": keras_private.maker(list(backbone.outputs.values())[-1]),
            **_endpoints(backbone),
            "prefix_tokens": backbone.prefix_tokens,
            "parameters": parameters,
            "units": unit_rows(backbone.units),
            "transfer": backbone.transfer.to_json(),
        },
        "adapters": adapters.document(lora.adapters([backbone.model])),
        "head": {
            "layers": [layer.name for layer in session.head.layers],
            "parameters": session.head.parameters,
            **({"tied": True} if backbone.vocabulary is not None and backbone.vocabulary.is_tied else {}),
            # Options of decoders are there where they are given.
            "options": {key: value for key, value in config.head.to_json().items() if value is not None},
            **({"python": config.python.head.to_json()} if config.python and config.python.head else {}),
            **session.task.describe_head(backbone.outputs, session.model.output),
        },
        **session.loader.plan_entry(),
        **describe_dialogues(session),
        **describe_before(session),
        **({} if (cut := describe_tiles(session)) is None else {"tiles": cut}),
        "chunk": chunk,
        "cache": {
            "settings": cache_settings(session),
            "budget": decision.budget,
            "bytes": sum(map(decision.bytes, decision.stored)),
            "stores": [_store_document(decision, store) for store in sorted(decision.stored, key=lambda each: each.id)],
        },
        **_describe_preset(config),
        "phases": [phase_document(session, plan, chunk, decision) for plan in phases],
        **describe_answers(session, phases),
        **({"refit": _describe_refit(session)} if config.refit else {}),
        "notes": _notes(session, phases, chunk, decision, on_data),
        # Those of the notes that are about the data, so that readers can tell.
        "notes_on_data": on_data,
    }


def _describe_refit(session: Session) -> dict[str, int]:
    """Return of how many examples a refit is."""
    splits = session.source.splits
    return {"examples": len(splits["train"]) + len(splits["validation"])}


def _describe_preset(config: RunConfig) -> dict[str, Any]:
    """Return the preset that the phases come from, and the paper it is from; nothing where there is none."""
    if config.preset is None:
        return {}
    preset = PRESETS[config.preset]
    return {"schedule": {"preset": config.preset, "what": preset.description, "source": preset.source}}


def _endpoints(backbone: Backbone) -> dict[str, Any]:
    """Return the operations whose outputs the head reads, by endpoint, where it reads others than the last features."""
    makers = {name: keras_private.maker(tensor) for name, tensor in backbone.outputs.items()}
    return {} if set(makers) == {FEATURES} else {"endpoints": makers}


def _store_document(decision: CachePlan, store: CachedFeatures) -> dict[str, Any]:
    return {
        "id": store.id,
        "rows": decision.rows(store),
        "bytes": decision.bytes(store),
        **({} if store.shared is None else {"shared": store.shared.id}),
        "phases": sorted({need.phase for need in decision.needs if store in need.stores.values()}),
    }


def unit_rows(units: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows of a table of units: id, blocks, parameters, variables, share, output shape, layers."""
    total = sum(unit.parameters for unit in units) or 1
    return [
        {
            "id": unit.id,
            "blocks": list(unit.blocks),
            "parameters": unit.parameters,
            "variables": len(unit.base_variables),
            "share": unit.parameters / total,
            "output_shape": list(unit.output_shape[1:]),
            **({"part": unit.part} if unit.part else {}),
            "layers": [layer.name for layer in unit.layers],
        }
        for unit in units
    ]


def _notes_on_data(session: Session, phases: Sequence[PhasePlan]) -> list[str]:
    """Return notes on classes of unequal size, and on what examples lose when they are brought to the model's shape."""
    by_name, are_cut = {plan.phase.name: plan.phase for plan in phases}, session.examples.cuts is not None
    notes = [*class_balance.notes(session.source, by_name, are_cut)]
    return [*notes, *note_tiles(session), *session.loader.notes(show_names=session.config.output.examples)]


def _notes(
    session: Session, phases: Sequence[PhasePlan], chunk: int, decision: CachePlan, on_data: Sequence[str]
) -> list[str]:
    config = session.config
    notes = [*session.backbone.notes, *warm_start.notes(session), *precision.notes(session.devices.precision)]
    notes += [*frozen_precision.notes(config), *recompute.notes(session, phases), *on_data, *unknown.notes(session)]
    if config.refit and "test" not in session.source.splits:
        notes.append("refit: there is no test split, so nothing measures the refitted model")
    notes += [*python_objects.notes(session), *detections.notes(session)]
    if session.config.output.gradient_norms:
        notes.append(note_norms([plan.phase for plan in phases]))
    if session.unaddressed:
        notes.append(f"random draws of {', '.join(session.unaddressed)} are equal across replicas in distribution only")
    examples = len(session.examples.splits["train"])
    for plan in phases:
        asked = plan.phase.update_size
        if asked > examples:
            notes.append(
                f"phase {plan.phase.name}: an update takes batch_size x accumulate = {asked} examples and there are "
                f"{examples} to train on, so every epoch is one update of all of them"
            )
        notes += averages.notes(plan.phase, plan.steps)
        notes += early_stopping.notes(plan.phase, plan.epochs)
        notes += _note_jumping(session, plan.phase)
    if decision.stored:
        notes += network_notes(session.cache)
    for plan in phases:
        norms = batch_norm.layers(session.backbone.units, plan.selection)
        notes += adapters.notes(plan.phase, adapters.find_trained(session.model, plan.trained))
        notes += batch_norm.notes(plan.phase, norms, plan.batch_size, plan.steps, examples)
    for plan in phases:
        if plan.stages:
            notes += note_filling(plan.phase, plan.batch_size, plan.chunk_rows(session.devices.replicas), chunk)
    return notes


def _note_jumping(session: Session, phase: Phase) -> list[str]:
    """Return a note where epochs are chosen by a metric that the last digit of an output may move."""
    if phase.monitor.removeprefix("validation_") not in session.task.jumping_metrics:
        return []
    return [
        f"phase {phase.name}: {phase.monitor} is no smooth metric: two scores that differ by the last digit may change "
        "places and move it by a thousandth, so that another number of replicas may choose another epoch; "
        "validation_loss does not jump"
    ]


def note_norms(phases: Sequence[Phase]) -> str:
    """Return in which phases the norms of gradients are recorded: a solver makes no updates."""
    solved = [phase.name for phase in phases if phase.is_solved]
    if len(solved) == len(phases):
        return "output.gradient_norms records nothing, since a solver, which makes no updates, sets the head"
    besides = f", of all phases but {', '.join(solved)}" if solved else ""
    return f"the norms of the gradients of every unit are recorded in phases/*/{NORMS_FILE}{besides}"


def note_filling(phase: Phase, batch_size: int, rows: int, chunk: int) -> list[str]:
    """Return a note where batches of `rows` on a replica waste much of the chunks that the frozen part is computed in.

    `batch_size` is that of the plan; where it is not the phase's own, another would change nothing.
    """
    filled = -(-rows // chunk) * chunk
    if batch_size != phase.batch_size or filled <= 1.2 * rows:
        return []
    return [
        f"phase {phase.name}: the frozen part is computed in chunks of {chunk}, so that a batch of {rows} on a replica "
        f"is filled up to {filled}; a batch_size of which multiples of 8 come on each replica suits better"
    ]


def phase_document(session: Session, plan: PhasePlan, chunk: int, decision: CachePlan) -> dict[str, Any]:
    """Return the entry of a phase in plan.json."""
    phase, variables = plan.phase, session.variables
    trained = sum(count(variables[path]) for path in plan.trained)
    updated = plan.selection.statistics
    total = sum(count(variable) for variable in variables.values())
    sizes = row_sizes(plan.stored_cut, find_targets(session.model), mean_length(session))
    return {
        "name": phase.name,
        "index": plan.index,
        "unfreeze": phase.to_json()["unfreeze"],
        "boundary": plan.selection.boundary,
        # A vocabulary that is tied to the embeddings has no weights of its own.
        "trains": [*plan.selection.units, *([HEAD] if session.head.variables else [])],
        "trained_variables": list(plan.trained),
        "lora": adapters.phase_document(phase, adapters.find_trained(session.model, plan.trained)),
        "batch_norm": phase.batch_norm,
        "batch_norm_layers": len(batch_norm.layers(session.backbone.units, plan.selection)),
        "updated_variables": list(updated),
        "trainable_parameters": trained,
        "frozen_parameters": total - trained - sum(count(variables[path]) for path in updated),
        "trainable_share": trained / total,
        **({} if plan.image_size is None else {"image_size": list(plan.image_size)}),
        "cut": [
            {
                "name": name,
                "shape": list(tensor.shape[1:]),
                "dtype": tensor.dtype,
                "bytes": math.ceil(size),
            }
            for name, tensor, size in zip(plan.partition.cut_names, plan.stored_cut, sizes, strict=True)
        ],
        "epochs": plan.epochs,
        "steps_per_epoch": plan.steps_per_epoch,
        "steps": plan.steps,
        "batch_size": phase.batch_size,
        "replica_batch": plan.replica_rows(session.devices.replicas),
        "accumulate": phase.accumulate,
        **({"pieces": plan.pieces} if phase.accumulate == "auto" else {}),
        **_describe_rates(session, plan),
        "optimizer": phase.optimizer.name,
        "carry_optimizer": phase.carry_optimizer,
        "weight_decay": phase.weight_decay,
        "clip_norm": phase.clip_norm,
        **_describe_loss(session, plan),
        "augment": _describe_augmentation(plan),
        "mixing": _describe_mixing(plan),
        "early_stopping": phase.early_stopping.to_json() if phase.early_stopping else None,
        "monitor": phase.monitor,
        "start_from": phase.start_from if plan.index else None,
        **_weights(session, plan),
        "store": _storing(session, plan, decision),
        "estimate": _estimate(session, plan, chunk, decision),
    }


def _describe_loss(session: Session, plan: PhasePlan) -> dict[str, Any]:
    """Return what a phase trains on: the loss, its changes, and how often classes come."""
    weights = plan.class_weights
    return {
        "loss": plan.phase.loss.to_json() if plan.phase.loss else None,
        "label_smoothing": plan.phase.label_smoothing,
        "class_weights": None if weights is None else dict(zip(session.task.scheme.names, weights, strict=True)),
        "sampling": plan.phase.sampling,
    }


def _weights(session: Session, plan: PhasePlan) -> dict[str, Any]:
    """Return the keys that say which weights a phase leaves, where they are given."""
    phase = plan.phase
    return {
        **({} if phase.ema is None else {"ema": phase.ema}),
        **describe_pull(session, phase, plan.trained),
        **({"keep_if_better": True} if phase.keep_if_better else {}),
        **({} if phase.on_divergence is None else {"on_divergence": phase.on_divergence.to_json()}),
    }


def _describe_rates(session: Session, plan: PhasePlan) -> dict[str, Any]:
    """Return the learning rates of a phase, or the options of the solver that sets its head without any."""
    if plan.phase.is_solved:
        return {"learning_rate": None, "rates": {}, "solver": dict(plan.phase.optimizer.options)}
    policy = plan.phase.rate_policy
    return {
        "learning_rate": {
            "peak": policy.peak,
            "shape": policy.shape,
            "warmup_steps": warmup_steps(policy, plan.steps, session.config.rules),
            "final": policy.final,
            **({} if policy.start is None else {"start": policy.start}),
            **({} if policy.momentum is None else {"momentum": list(policy.momentum)}),
        },
        "rates": {unit: policy.peak * factor for unit, factor in plan.unit_factors.items()},
    }


def _describe_augmentation(plan: PhasePlan) -> dict[str, Any] | None:
    """Return the operations that change training examples; a folder of noise with the hash of its sounds."""
    if plan.operations is None:
        return None
    noise = {} if plan.noise is None else {"noise_sha256": plan.noise.hash, "noise_sounds": len(plan.noise.paths)}
    return {**plan.operations, **noise, "views": plan.phase.augment.views}


def _describe_mixing(plan: PhasePlan) -> dict[str, Any] | None:
    """Return how training examples are mixed with each other."""
    mixing = plan.mixing
    if mixing is None:
        return None
    return {"mixup": mixing.mixup, "cutmix": mixing.cutmix, "views": plan.phase.augment.views}


def _storing(session: Session, plan: PhasePlan, decision: CachePlan) -> dict[str, Any]:
    """Return what the phase reads instead of computing it, and why."""
    is_off = effective_cache(plan.phase, session.config.runtime) == "off"
    entries = {part: _store_part(plan, decision, is_off, part) for part in decision.parts(plan.index)}
    if len(entries) == 1:
        (entry,) = entries.values()
    else:
        entry = {
            "decision": "store" if any(own["decision"] == "store" for own in entries.values()) else "recompute",
            "reason": "; ".join(f"{part}: {own['reason']}" for part, own in entries.items()),
            "bytes": sum(own["bytes"] for own in entries.values()),
            "train": next(iter(entries.values()))["train"],
            "validation": next(iter(entries.values()))["validation"],
            "parts": entries,
        }
    return {
        **entry,
        "seconds": decision.seconds(decision.stored, plan.index),
        "seconds_recomputed": decision.seconds((), plan.index),
    }


def _store_part(plan: PhasePlan, decision: CachePlan, is_off: bool, part: str) -> dict[str, Any]:
    """Return what a phase reads of a part, and why; an empty name is the only input."""
    train, *others = decision.of_phase(plan.index, part)
    level, measured = train.level(decision.stored), (others or [train])[0].level(decision.stored)
    own = {need.stores[found] for need, found in ((train, level), ((others or [train])[0], measured)) if found}
    shared = cache_plan.with_others(own) - own
    return {
        "decision": "store" if level in (cache_plan.CUT, cache_plan.BASE) else "recompute",
        "reason": cache_plan.reason(decision, plan.index, is_off, part),
        "bytes": sum(map(decision.bytes, own)),
        **({"shared_bytes": sum(map(decision.bytes, shared))} if shared else {}),
        "train": level,
        "validation": measured,
    }


def _estimate(session: Session, plan: PhasePlan, chunk: int, decision: CachePlan) -> dict[str, Any]:
    length = mean_length(session)
    tail = costs.forward_flops(plan.partition.tail, length)
    measuring = costs.forward_flops(plan.cut_at(None).partition.tail, length)
    training = len(session.examples.splits["train"]) * plan.steps / plan.steps_per_epoch
    validation = len(session.examples.splits["validation"]) * plan.epochs
    # Backpropagation costs about twice a forward pass.
    flops = training * 3 * tail + validation * measuring
    rate, basis = flops_rate(session.devices)
    return {
        "seconds": flops / rate + decision.seconds(decision.stored, plan.index),
        "memory_bytes": memory.model_bytes(session) + memory.step_bytes(session, plan, chunk),
        "basis": f"FLOPs counted from the graph at {basis}, "
        f"stores read at {cache_plan.READ_BYTES / 1e9:.0f} GB/s; start-up not counted; not measured",
    }


def variable_bytes(variable: keras.Variable) -> int:
    """Return the bytes of a float32 variable."""
    return 4 * count(variable)
