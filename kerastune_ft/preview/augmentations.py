"""Draws training examples as each phase will see them: resized, and augmented as in its first epochs or views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.errors import ConfigError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.order import order_batches
from kerastune_ft.preview.choose_examples import choose_examples
from kerastune_ft.preview.contact_sheet import Block, Sheet, write
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan, augmentation
from kerastune_ft.training.session.session import Session
from kerastune_ft.wording import counted

_ROWS = 6
_EPOCHS = 5
_RESIZED = "resized"


def draw(session: Session, plan: Plan, target: Path) -> None:
    """Write a picture of a few training examples to a .png or .html file, with a block for each phase."""
    if session.source.image_sizes is None:
        raise ConfigError(f"--pictures: the examples of {session.config.name} are no images; leave it out")
    source = session.source
    chosen = choose_examples(source, _ROWS)
    with naming_lost_files(source):
        blocks = [_build_block(session.at(phase.image_size), phase, chosen) for phase in plan.phases]
        if all(not len(block.pictures) for block in blocks):
            blocks.append(Block("all phases", (_RESIZED,), _load_images(session, chosen)[:, np.newaxis]))
    texts = source.label_texts
    captions = [(texts[index], source.keys[index]) for index in chosen]
    write(Sheet(f"{session.config.name}: training examples as the model sees them", captions, blocks), target)


def _build_block(session: Session, phase: PhasePlan, chosen: np.ndarray) -> Block:
    """Return the examples as a phase sees them; the session has the size of its images."""
    name, size = phase.phase.name, phase.image_size
    drawn = augmentation(session, phase)
    at = f", at {size[0]} x {size[1]}" if size else ""
    resized = _load_images(session, chosen)
    if drawn is None:
        return Block(f"phase {name}: no augmentation, every epoch sees the images as resized{at}", (), resized[:0])
    # Epochs take views in turn, so there are no more pictures than views.
    epochs = range(_EPOCHS if drawn.views is None else min(_EPOCHS, drawn.views))
    images = [_load_images(session, chosen, drawn, epoch) for epoch in epochs]
    noun = "epoch" if drawn.views is None else "view"
    title = f"phase {name}: {_describe_changes(drawn)}{at}{_describe_views(drawn.views, phase.epochs)}"
    columns = (_RESIZED, *(f"{noun} {epoch + 1}" for epoch in epochs))
    return Block(title, columns, np.stack([resized, *images], axis=1))


def _describe_views(views: int | None, epochs: int) -> str:
    """Return what the columns do not show: when the views are seen, and how many more there are."""
    if views is None:
        return f" (it ends with epoch {epochs} at the latest)" if epochs < _EPOCHS else ""
    if views > epochs:
        seen = f"of {counted(views, 'view')} it sees {epochs} at most, one an epoch"
    elif views == 1:
        seen = "every epoch sees the same view"
    else:
        seen = f"{views} views take turns by epoch"
    return f"; {seen}" + (f", the first {_EPOCHS} are shown" if views > _EPOCHS else "")


def _load_images(
    session: Session,
    chosen: np.ndarray,
    drawn: Augmentation | None = None,
    epoch: int = 0,
) -> np.ndarray:
    """Return the examples as the loader gives them to training, rounded to uint8."""
    order = order_batches(chosen, len(chosen))
    batch = next(iter(session.loader.batches(order, 1, drawn, epoch)))
    return np.clip(np.round(batch[0].numpy()), 0, 255).astype(np.uint8)


def _describe_changes(drawn: Augmentation) -> str:
    """Return the operations of an augmentation that do something, and how examples are mixed."""
    changes: dict[str, Any] = dict(drawn.operations)
    if drawn.mixing is not None:
        changes |= {"mixup": drawn.mixing.mixup, "cutmix": drawn.mixing.cutmix}
    return ", ".join(f"{name} {value}" for name, value in changes.items() if value not in (0.0, "none"))
