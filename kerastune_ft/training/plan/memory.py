"""Estimates of the memory that a phase takes, from the graph and never measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kerastune_ft.backbones.language.vocabulary import find_projection
from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.graph import costs
from kerastune_ft.graph.lengths import Length, find_targets, longest_length
from kerastune_ft.graph.partition import row_sizes
from kerastune_ft.graph.units import count
from kerastune_ft.losses.tokens import count_bytes
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.devices.memory import MemoryLimit
from kerastune_ft.training.plan.keys import solved
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.pieces import CHUNK_STEP, describe_pair, smaller_pair
from kerastune_ft.training.session.session import Session

# Bytes beside what is counted: threads, compiled graphs, buffers of kernels (60 to 150 million, measured on CPUs), and
# the libraries of metrics and report.
_OVERHEAD = 300_000_000
# What the sum of activations is multiplied by; measured on CPUs were 1.0 to 1.15 times as much.
_MARGIN = 1.2
# Of a trained variable, besides itself: gradient, two slots of the optimizer, and the best epoch's value.
_COPIES = 4
_FLOAT32 = 4
_SMALLER = "give a smaller image_size or sequence_length, unfreeze less, or use lora"


def step_bytes(session: Session, plan: PhasePlan, chunk: int) -> int:
    """Return the bytes that a phase's steps take beside the model, on one GPU or TPU core, or in the whole process.

    They are the activations of one micro-batch, of the longest texts there are, or one call of the frozen part, of
    `chunk` rows, if that is more; scores of a vocabulary, as many as the loss has at a time; the features of a whole
    update; gradients, slots and copies of what trains.
    """
    devices, length = session.devices, _longest(session)
    # Replicas on a CPU share its memory.
    replicas = devices.local_replicas if has_host_memory(devices) else 1
    rows = plan.replica_rows(devices.replicas) * replicas
    tail = rows * costs.activation_bytes(
        session.task.trim(plan.partition.tail), length, recomputes=session.config.runtime.recompute
    )
    frozen = chunk * replicas * max((costs.largest_live_bytes(each.model, length) for each in plan.stages), default=0.0)
    if plan.at_own_size is not None:
        # Larger images than it trains on may be measured, though without gradients.
        tail = max(tail, rows * costs.largest_live_bytes(plan.at_own_size.partition.tail))
        own = max((costs.largest_live_bytes(each.model) for each in plan.at_own_size.stages), default=0.0)
        frozen = max(frozen, chunk * replicas * own)
    update = rows * plan.micro_batches * sum(row_sizes(plan.partition.cut, find_targets(session.model), length))
    trained = sum(_FLOAT32 * count(session.variables[path]) for path in plan.trained)
    if plan.phase.is_solved:
        update = solved.feature_bytes(session, plan)
    # Averages, and pretrained values that weights are pulled towards, are a copy each.
    copies = _COPIES + (plan.phase.ema is not None) + bool(plan.phase.l2_sp)
    tail += replicas * _loss_bytes(session, plan)
    return math.ceil(max(tail, frozen) + update + copies * trained)


def _loss_bytes(session: Session, plan: PhasePlan) -> int:
    """Return the bytes that the loss takes beside the outputs of a phase's tail, which only large vocabularies need."""
    if not facts(session.config.task).learns_tokens:
        return 0
    known = find_projection(plan.partition.tail)
    width, vocabulary = known.variable.shape[::-1] if known.is_transposed else known.variable.shape
    trains = known.variable.path in plan.trained
    return count_bytes(width, vocabulary, is_tied=known.is_transposed, trains=trains)


def model_bytes(session: Session) -> int:
    """Return the bytes of the model's variables, and of their values before training, which are kept on the host."""
    copies = 2 if has_host_memory(session.devices) else 1
    return copies * sum(_FLOAT32 * count(variable) for variable in session.model.variables)


def has_host_memory(devices: Devices) -> bool:
    """Return whether the devices compute in the memory of this process."""
    return all("CPU" in name for name in devices.names)


def fits(needed: int, limit: MemoryLimit | None) -> bool:
    """Return whether steps that take so many bytes are within a limit, with room for what no graph tells."""
    return limit is None or _MARGIN * needed + _OVERHEAD <= limit.bytes


def notes(session: Session, phases: Sequence[PhasePlan], chunk: int, limit: MemoryLimit | None) -> list[str]:
    """Return a warning for each phase whose estimate is over what the limit leaves beside the model as it is built."""
    found = []
    for plan in phases:
        needed = step_bytes(session, plan, chunk)
        if limit is None or fits(needed, limit):
            continue
        found.append(
            f"phase {plan.phase.name}: its steps are estimated to take {size_text(needed)} of memory, and "
            f"{limit.source} leaves {size_text(max(0, limit.bytes))}; {_remedy(plan)}"
        )
    return found


def explain_steps(plan: PhasePlan, run: str) -> tuple[str, str]:
    """Return where memory ran out in the steps of a phase, and what to do; `run` is the path of the run."""
    name, pair = plan.phase.name, smaller_pair(plan)
    if plan.phase.is_solved:
        where = f"in phase {name}, whose solver keeps the features of all examples in memory"
        return where, "train the head by batches: another optimizer, with a learning_rate"
    where = f"in phase {name}, whose steps compute {plan.batch_size} examples at a time"
    if pair is None:
        return where, _SMALLER
    settings = f"--set phases.{name}.batch_size={pair[0]} --set phases.{name}.accumulate={pair[1]}"
    choice = "" if plan.phase.accumulate == "auto" else f", or --set phases.{name}.accumulate=auto"
    return where, f"the same command with --run-dir {run} {settings}{choice} has the same result in less memory"


def explain_features(chunk: int, replicas: int) -> tuple[str, str]:
    """Return where memory ran out in the frozen part, and what to do."""
    where = f"in the frozen part, which is computed {chunk} examples at a time"
    if chunk <= CHUNK_STEP:
        return where, _SMALLER
    remedy = f'"batch_size": {CHUNK_STEP * replicas} in all phases, with "accumulate" larger by as much, makes that'
    return where, f"{remedy} {CHUNK_STEP}, with the same result"


def _remedy(plan: PhasePlan) -> str:
    pair = smaller_pair(plan)
    if plan.phase.accumulate == "auto":
        return "its batch is computed in pieces as small as that needs"
    if pair is None:
        return _SMALLER
    return f'give {describe_pair(pair)}, or "accumulate": "auto": the same result in less memory'


def _longest(session: Session) -> Length:
    """Return the tokens, or the windows, of the longest rows of texts; 1 where examples are no texts."""
    buckets = session.loader.buckets
    lengths = [] if buckets is None else [session.loader.length(int(number)) for number in np.unique(buckets)]
    return longest_length([length for length in lengths if length is not None])
