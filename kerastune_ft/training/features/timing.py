"""Times a few chunks of a plan on this machine, to compare with its estimates; nothing is decided by it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph.rebuild.image_size import Size
from kerastune_ft.stores.store import FeatureStore
from kerastune_ft.training.features.prefix import Prefix, as_float
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan.cache_plan import NOT_AUGMENTED, READ_BYTES, FeatureUse
from kerastune_ft.training.plan.feature_usage import variant
from kerastune_ft.training.plan.phase_plan import Plan, augmentation
from kerastune_ft.training.session.session import Session

# The number of timed chunks, after a first one in which functions are traced and files opened.
CHUNKS = 6


def time_plan(session: Session, plan: Plan, report: Callable[[str], None]) -> dict[str, Any]:
    """Return the seconds of a pass over the training examples for each kind of work: median, spread and estimate.

    Decoding is timed on training examples; reading on rows that are written to the cache directory and deleted again.
    """
    report(f"timing {CHUNKS} chunks of {plan.chunk} examples of everything that is computed or read")
    examples = len(session.examples.splits["train"])
    group = plan.chunk * session.devices.local_replicas
    rows = []
    with naming_lost_files(session.source):
        for what, seconds, estimate in [
            *(timed for part in session.parts for timed in _time_loading(session, plan, part)),
            *(timed for part in session.parts for timed in _time_stages(session, plan, part)),
            *_time_reading(session, plan),
        ]:
            by_chunk = sorted(seconds)
            passes = [each / group * examples / session.devices.workers for each in by_chunk]
            rows.append(
                {
                    "what": what,
                    "seconds": statistics.median(passes),
                    "fastest_seconds": passes[0],
                    "slowest_seconds": passes[-1],
                    "estimated_seconds": estimate * examples,
                }
            )
    return {"chunks": CHUNKS, "chunk": plan.chunk, "examples": examples, "rows": rows}


Timed = tuple[str, list[float], float]
"""The name of the work, the seconds of each chunk, and the estimated seconds of one example."""


def _name_part(part: str) -> str:
    """Return what stands before the work on a part of examples with several inputs."""
    return f"{part}: " if part else ""


def _time_loading(session: Session, plan: Plan, part: str) -> Iterator[Timed]:
    """Time the data loader of a part, without augmentation and with that of each phase."""
    session = session.parts[part]
    need = next(need for need in plan.decision.needs if need.image_size is None and need.part == part)
    yield f"{_name_part(part)}decoding", _measure_times(_load_inputs(session, plan, None)), need.decoding
    seen: set[tuple[Size | None, str]] = {(None, NOT_AUGMENTED)}
    for phase in plan.phases:
        is_changed = session.backbone.input.modality == phase.modality
        drawn = variant(session, phase) if is_changed else NOT_AUGMENTED
        if (phase.image_size, drawn) in seen:
            continue
        seen.add((phase.image_size, drawn))
        need = plan.decision.of_phase(phase.index, part)[0]
        seconds = _measure_times(_load_inputs(session, plan, phase.image_size, phase.index))
        what = f"{_name_part(part)}decoding{' and augmenting' if drawn else ''}"
        yield f"{what} as phase {phase.phase.name}", seconds, need.decoding + need.augmenting


def _load_inputs(session: Session, plan: Plan, size: Size | None, phase: int | None = None) -> Iterable[Any]:
    """Return the inputs of training examples at a size, with the augmentation of a phase if one is given."""
    group = plan.chunk * session.devices.local_replicas
    indices = np.resize(session.examples.splits["train"], (CHUNKS + 1) * group)
    drawn = None if phase is None else augmentation(session, plan.phases[phase])
    loader = session.at(size).loader
    return loader.inputs(loader.pick_typical(indices), group, drawn)


def _time_stages(session: Session, plan: Plan, part: str) -> Iterator[Timed]:
    """Time every stage of every phase's frozen prefix of a part, at every size of images that it is computed at."""
    session, devices = session.parts[part], session.devices
    inputs: dict[Size | None, Any] = {}
    seen: set[tuple[Size | None, tuple[tuple[str, ...], ...]]] = set()
    for need in (need for need in plan.decision.needs if need.part == part):
        size, stages = need.image_size, plan.phases[need.phase].cut_at(need.image_size).stages_of(part)
        if size not in inputs:
            inputs[size] = next(iter(_load_inputs(session, plan, size)))
        prefix = Prefix(devices, stages, plan.chunk)
        values = devices.shared_out(tf.nest.map_structure(as_float, inputs[size]))
        names = tuple(stage.cut_names for stage in stages)
        for number in range(len(names)):
            if (size, names[: number + 1]) not in seen:
                seen.add((size, names[: number + 1]))
                place = [*names[number - 1 : number], names[number]]
                what = f"{_name_part(part)}computing " + " to ".join(
                    "+".join(cut) for cut in (place if number else [("input",), *place])
                )
                what += f" at {size[0]} x {size[1]}" if size else ""
                yield (
                    what,
                    _measure_times(_repeat_stage(session, prefix, values, number)),
                    _estimate(need, number, len(names)),
                )
            values = prefix.chunk(values, number, number + 1)


def _estimate(need: FeatureUse, number: int, stages: int) -> float:
    return need.rest if number == stages - 1 else need.base


def _repeat_stage(session: Session, prefix: Prefix, values: Any, number: int) -> Iterator[None]:
    """Compute a stage repeatedly; each yield follows a finished computation."""
    for _ in range(CHUNKS + 1):
        for tensor in tf.nest.flatten(prefix.chunk(values, number, number + 1)):
            for local in session.devices.strategy.experimental_local_results(tensor):
                np.asarray(local)
        yield


def _time_reading(session: Session, plan: Plan) -> Iterator[Timed]:
    """Time reading rows as long as those of each store."""
    group = plan.chunk * session.devices.local_replicas
    for store in sorted(plan.decision.stored, key=lambda each: each.id):
        with tempfile.TemporaryDirectory(dir=session.cache, prefix="measured-") as folder:
            seconds = _measure_times(_read_rows(Path(folder), group, store.row_bytes))
        kind = "" if store.variant == NOT_AUGMENTED else ", augmented"
        place = "+".join(store.stages[-1]) if store.stages else "decoded examples"
        place += f" of {store.part}" if store.part else ""
        place += f" at {store.image_size[0]} x {store.image_size[1]}" if store.image_size else ""
        yield f"reading {place}{kind}", seconds, store.row_bytes / READ_BYTES


def _read_rows(folder: Path, group: int, row_bytes: int) -> Iterator[None]:
    ids = [number.to_bytes(32, "little") for number in range(group * (CHUNKS + 1))]
    with FeatureStore(folder, {}, row_bytes, {}, lambda _: None) as opened:
        for block in opened.claim(ids, group):
            block.write(np.zeros((len(block.positions), row_bytes), np.uint8))
            block.commit()
        rows = opened.rows(ids)
        order = np.random.default_rng(0).permutation(len(ids))
        for start in range(0, len(order), group):
            rows[order[start : start + group]]
            yield


def _measure_times(work: Iterable[Any]) -> list[float]:
    """Return the seconds of each step of an iterator but the first."""
    seconds = []
    before = None
    for _ in work:
        now = time.perf_counter()
        if before is not None:
            seconds.append(now - before)
        before = now
    return seconds
