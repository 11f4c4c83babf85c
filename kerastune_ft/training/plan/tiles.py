"""What a plan says of the tiles that pictures are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerastune_ft.training.session.session import Session
from kerastune_ft.wording import counted

# Of smaller tiles objects are seen larger than those of others, by so much that it matters.
_MUCH_SMALLER = 0.7


def describe_tiles(session: Session) -> dict[str, Any] | None:
    """Return the entry `tiles` of plan.json; None where examples are whole pictures.

    `empty` is the share of the training tiles that show nothing to learn but the first class, `computed` how many times
    as many pixels are computed as pictures have, and `largest` a picture with the most tiles.
    """
    examples = session.examples
    if (cuts := examples.cuts) is None:
        return None
    train = examples.splits["train"]
    pictures = np.concatenate(list(session.source.splits.values()))
    counts = np.diff(cuts.ends)
    largest = int(pictures[counts[pictures].argmax()])
    height, width = cuts.sizes[largest].tolist()
    areas = np.prod(cuts.boxes[cuts.find_tiles(pictures), 2:].astype(np.int64), axis=1).sum()
    return {
        "size": cuts.grid.size,
        "overlap": cuts.grid.overlap,
        "examples": {split: len(indices) for split, indices in examples.splits.items()},
        "empty": float(examples.label_set.are_empty(train).mean()) if len(train) else 0.0,
        "computed": float(areas / np.prod(cuts.sizes[pictures].astype(np.int64), axis=1).sum()),
        "largest": {
            "picture": [height, width],
            "rows": len(cuts.grid.find_starts(height)),
            "columns": len(cuts.grid.find_starts(width)),
        },
    }


def note_tiles(session: Session) -> Iterator[str]:
    """Yield what users should know before they train on tiles of these pictures."""
    if (cuts := session.examples.cuts) is None:
        return
    size, sides = cuts.grid.size, cuts.sizes[np.concatenate(list(session.source.splits.values()))]
    if (sides <= size).all():
        yield (
            f"data.tiles: no picture is larger than a tile of {size} x {size} pixels, so nothing is cut; give a "
            "smaller size, or remove it"
        )
        return
    small = int((sides.max(axis=1) < _MUCH_SMALLER * size).sum())
    if small:
        yield (
            f"data.tiles: {counted(small, 'picture')} of {len(sides)} {'is' if small == 1 else 'are'} much smaller "
            f"than a tile of {size} x {size} pixels and brought to the same size, so that what they show looks larger"
        )
    height, width = session.backbone.input.image_size
    if (shrunk := max(size / height, size / width)) > 1:
        yield (
            f"data.tiles: tiles of {size} x {size} pixels are made {shrunk:.2g} times smaller for the model; tiles of "
            f"{min(height, width)} pixels, of which there are more, keep every detail"
        )
