"""What a plan's stores hold already on this machine, and what keeps them from being those of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.stores import lookup, nearest, record
from kerastune_ft.training import store_parts
from kerastune_ft.training.assemble import Session
from kerastune_ft.training.plan import Plan
from kerastune_ft.training.storing import Store

# What follows from other parts, such as the image size.
_FOLLOWING = ("cut:", "graph:")


def found(session: Session, plan: Plan) -> dict[str, Any]:
    """Return the directory of stores, and for each store of the plan the rows it holds or how another one differs.

    Of a store that depends on what the run trains nothing is known beforehand.
    """
    root = session.cache / record.FEATURES
    known = sorted((store for store in plan.decision.stored if store.state < 0), key=lambda store: store.id)
    return {"directory": str(root), "stores": [_found(session, plan, store, root) for store in known]}


def _found(session: Session, plan: Plan, store: Store, root: Path) -> dict[str, Any]:
    reader = plan.phases[plan.decision.first_phase(store)]
    parts = store_parts.parts(session, plan.chunk, reader.stages, store)
    ids = _ids(session, plan, store)
    present = lookup.rows_present(root, record.key_of(parts, store.row_bytes), ids)
    about = store_parts.about(session, store)
    alike = {name: about[name] for name in ("backbone", "cut")}
    differs = [] if present else nearest.nearest(root, parts, alike)
    own = [text for text in differs if not text.startswith(_FOLLOWING)]
    return {"id": store.id, "rows": len(ids), "present": present, "differs": own or differs}


def _ids(session: Session, plan: Plan, store: Store) -> list[bytes]:
    """Return the ids of all rows that the run wants of a store."""
    splits, contents = session.source.splits, session.source.contents
    examples = np.concatenate([splits[split] for split in plan.decision.splits(store)])
    return [
        store_parts.row_id(contents[index], view, store)
        for view in range(plan.decision.views(store))
        for index in examples
    ]
