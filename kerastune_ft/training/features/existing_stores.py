"""Looks up which rows of a plan's feature stores are already on this machine, and why other stores do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.stores import lookup, nearest, record
from kerastune_ft.training.features import store_key
from kerastune_ft.training.plan.cache_plan import CachedFeatures
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session

# Parts of a key that only differ because other parts do, such as the image size.
_FOLLOWING = ("cut:", "graph:")


def find_existing_stores(session: Session, plan: Plan) -> dict[str, Any]:
    """Return the directory of stores, and for each store of the plan its rows present or how the nearest one differs.

    Stores that depend on weights this run trains are left out: they cannot exist yet.
    """
    root = session.cache / record.FEATURES
    known = sorted((store for store in plan.decision.stored if store.state < 0), key=lambda store: store.id)
    return {"directory": str(root), "stores": [_describe_store(session, plan, store, root) for store in known]}


def _describe_store(session: Session, plan: Plan, store: CachedFeatures, root: Path) -> dict[str, Any]:
    session = session.parts[store.part].at(store.image_size)
    stages = plan.phases[plan.decision.first_phase(store)].cut_at(store.image_size).stages_of(store.part)
    rows = present = 0
    differs: list[str] = []
    for bucket, examples in _group_by_bucket(session, plan, store):
        parts = store_key.key_parts(session, plan.chunk, stages, store, bucket)
        ids = _list_row_ids(session, plan, store, examples)
        row_bytes = store_key.row_bytes(store_key.row_tensors(session, stages, store, bucket))
        there = lookup.count_present(root, record.key_of(parts, row_bytes), ids)
        about = store_key.describe_store(session, stages, store, bucket)
        alike = {name: about[name] for name in ("backbone", "cut", "length")}
        rows, present = rows + len(ids), present + there
        differs += [] if there else nearest.compare_with_nearest(root, parts, alike)
    differs = [] if present else list(dict.fromkeys(differs))
    own = [text for text in differs if not text.startswith(_FOLLOWING)]
    return {"id": store.id, "rows": rows, "present": present, "differs": own or differs}


def _group_by_bucket(session: Session, plan: Plan, store: CachedFeatures) -> list[tuple[int | None, np.ndarray]]:
    """Return the examples that the run reads from a store, by the number of their bucket; None for a single shape."""
    splits, buckets = session.examples.splits, session.loader.buckets
    examples = np.concatenate([splits[split] for split in plan.decision.splits(store)])
    if buckets is None:
        return [(None, examples)]
    own = buckets[examples]
    return [(int(number), examples[own == number]) for number in np.unique(own)]


def _list_row_ids(session: Session, plan: Plan, store: CachedFeatures, examples: np.ndarray) -> list[bytes]:
    """Return the ids of all rows that the run reads for these examples."""
    contents = session.examples.contents
    return [
        store_key.row_id(contents[index], view, store)
        for view in range(plan.decision.views(store))
        for index in examples
    ]
