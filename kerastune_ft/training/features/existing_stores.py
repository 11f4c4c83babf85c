"""What a plan's stores hold already on this machine, and what keeps them from being those of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.stores import lookup, nearest, record
from kerastune_ft.training.features import store_key
from kerastune_ft.training.plan.cache_plan import CachedFeatures
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session

# What follows from other parts, such as the image size.
_FOLLOWING = ("cut:", "graph:")


def find_existing_stores(session: Session, plan: Plan) -> dict[str, Any]:
    """Return the directory of stores, and for each store of the plan the rows it holds or how another one differs.

    Of a store that depends on what the run trains nothing is known beforehand.
    """
    root = session.cache / record.FEATURES
    known = sorted((store for store in plan.decision.stored if store.state < 0), key=lambda store: store.id)
    return {"directory": str(root), "stores": [_describe_store(session, plan, store, root) for store in known]}


def _describe_store(session: Session, plan: Plan, store: CachedFeatures, root: Path) -> dict[str, Any]:
    stages = plan.phases[plan.decision.first_phase(store)].stages
    rows = present = 0
    differs: list[str] = []
    for bucket, examples in _group_by_bucket(session, plan, store):
        parts = store_key.key_parts(session, plan.chunk, stages, store, bucket)
        ids = _list_row_ids(session, plan, store, examples)
        row_bytes = store_key.row_bytes(store_key.row_tensors(session, stages, store, bucket))
        there = lookup.count_present(root, record.key_of(parts, row_bytes), ids)
        about = store_key.describe_store(session, store, bucket)
        alike = {name: about[name] for name in ("backbone", "cut", "length")}
        rows, present = rows + len(ids), present + there
        differs += [] if there else nearest.compare_with_nearest(root, parts, alike)
    differs = [] if present else list(dict.fromkeys(differs))
    own = [text for text in differs if not text.startswith(_FOLLOWING)]
    return {"id": store.id, "rows": rows, "present": present, "differs": own or differs}


def _group_by_bucket(session: Session, plan: Plan, store: CachedFeatures) -> list[tuple[int | None, np.ndarray]]:
    """Return the examples that the run wants of a store, by the number of their shape where there are several."""
    splits, buckets = session.source.splits, session.loader.buckets
    examples = np.concatenate([splits[split] for split in plan.decision.splits(store)])
    if buckets is None:
        return [(None, examples)]
    own = buckets[examples]
    return [(int(number), examples[own == number]) for number in np.unique(own)]


def _list_row_ids(session: Session, plan: Plan, store: CachedFeatures, examples: np.ndarray) -> list[bytes]:
    """Return the ids of all rows that the run wants of these examples."""
    contents = session.source.contents
    return [
        store_key.row_id(contents[index], view, store)
        for view in range(plan.decision.views(store))
        for index in examples
    ]
