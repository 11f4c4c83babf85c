"""Draws training examples as each phase will get them: as they are, and augmented as in its first epochs or views."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.task_facts import AUDIO, IMAGE
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.order import order_batches
from kerastune_ft.preview import image_pictures, sound_pictures
from kerastune_ft.preview.choose_examples import choose_examples
from kerastune_ft.preview.contact_sheet import Block, Sheet, write
from kerastune_ft.preview.loaded import Loaded
from kerastune_ft.preview.tiles import choose_tiles, draw_tilings
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan, augmentation
from kerastune_ft.training.session.session import Session
from kerastune_ft.wording import counted

_ROWS = 6
_EPOCHS = 5
# By the modality of examples: how they are shown.
_SHOWN: Mapping[str, ModuleType] = {IMAGE: image_pictures, AUDIO: sound_pictures}


def draw(session: Session, plan: Plan, target: Path) -> None:
    """Write a picture of a few training examples to a .png or .html file, with a block for each phase."""
    parts = {
        name: (part, _SHOWN[part.backbone.input.modality])
        for name, part in session.parts.items()
        if part.backbone.input.modality in _SHOWN
    }
    if not parts:
        raise ConfigError(
            f"--pictures: the examples of {session.config.name} are neither images nor sounds; leave it out"
        )
    source = session.examples
    choose = choose_examples if source.cuts is None else functools.partial(choose_tiles, session.source)
    chosen = choose(source, _ROWS)
    with naming_lost_files(source, *(phase.noise for phase in plan.phases)):
        blocks = [
            block for name, (part, shown) in parts.items() for block in _build_blocks(part, plan, chosen, shown, name)
        ]
        tilings = draw_tilings(session, chosen)
    blocks = blocks if tilings is None else [tilings, *blocks]
    texts = source.label_texts
    captions = [(texts[index], source.keys[index]) for index in chosen]
    _, first = next(iter(parts.values()))
    write(Sheet(f"{session.config.name}: {first.TITLE}", captions, blocks), target)


def _build_blocks(session: Session, plan: Plan, chosen: np.ndarray, shown: ModuleType, part: str) -> list[Block]:
    """Return the examples as each phase gets them, or a part of them; once as they are where no phase changes them."""
    modality, before = session.backbone.input.modality, f"{part}, " if part else ""
    blocks = [
        _build_block(session.at(phase.image_size), phase, chosen, shown, before, is_changed=phase.modality == modality)
        for phase in plan.phases
    ]
    if not any(block.columns for block in blocks):
        plain = _load(session, chosen)
        blocks.append(Block(f"{before}all phases", ((shown.PLAIN, shown.draw(session, plain, plain)),)))
    return blocks


def _build_block(
    session: Session, phase: PhasePlan, chosen: np.ndarray, shown: ModuleType, before: str, *, is_changed: bool
) -> Block:
    """Return the examples as a phase gets them, with `before` ahead of its title; the session has its image size."""
    name, size = phase.phase.name, phase.image_size
    drawn = augmentation(session, phase) if is_changed else None
    at = f", at {size[0]} x {size[1]}" if size else ""
    if drawn is None:
        return Block(f"{before}phase {name}: no augmentation, {shown.UNCHANGED}{at}")
    # Epochs take views in turn, so there are no more pictures than views.
    epochs = range(_EPOCHS if drawn.views is None else min(_EPOCHS, drawn.views))
    noun = "epoch" if drawn.views is None else "view"
    plain = _load(session, chosen)
    changed = ((f"{noun} {epoch + 1}", _load(session, chosen, drawn, epoch)) for epoch in epochs)
    columns = ((column, shown.draw(session, loaded, plain)) for column, loaded in ((shown.PLAIN, plain), *changed))
    title = f"{before}phase {name}: {_describe_changes(drawn)}{at}{_describe_views(drawn.views, phase.epochs)}"
    return Block(title, tuple(columns))


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


def _load(
    session: Session,
    chosen: np.ndarray,
    drawn: Augmentation | None = None,
    epoch: int = 0,
) -> Loaded:
    """Return the inputs and targets of examples as the loader gives them to training."""
    order = order_batches(chosen, len(chosen))
    inputs, targets, *_ = next(iter(session.loader.batches(order, 1, drawn, epoch)))
    return Loaded(inputs.numpy(), tf.nest.map_structure(np.asarray, targets))


def _describe_changes(drawn: Augmentation) -> str:
    """Return the operations of an augmentation that do something, and how examples are mixed."""
    changes: dict[str, Any] = dict(drawn.operations)
    if drawn.mixing is not None:
        changes |= {"mixup": drawn.mixing.mixup, "cutmix": drawn.mixing.cutmix}
    return ", ".join(f"{name} {value}" for name, value in changes.items() if value not in (0.0, "none", None))
