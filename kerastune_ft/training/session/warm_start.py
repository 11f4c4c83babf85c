"""Starting from an earlier run: keeping its head, and notes about its data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kerastune_ft.backbones import run as earlier_run
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.run_data import describe_overlap

if TYPE_CHECKING:
    from kerastune_ft.training.session.session import Session

_SHAPING = ("resize", "intensity", "exif", "window")


def with_kept_head(config: RunConfig, scheme: LabelScheme) -> tuple[RunConfig, LabelScheme]:
    """Return configuration and scheme with what a kept head brings along: its options, and what its values mean.

    Where no head is kept they come back as they are. Raises ConfigError when the head is for another task or other
    classes, or when the configuration asks for another head.
    """
    options = config.backbone
    if not isinstance(options, EarlierRun) or options.head == "new":
        return config, scheme
    plan = earlier_run.plan_of(options)
    kept = LabelScheme.from_json(plan["labels"])
    _check_labels(kept, scheme, earlier_run.written_path(options))
    head = _merge_head(config.head, plan["head"]["options"], earlier_run.written_path(options))
    return config.model_copy(update={"head": head}), kept


def _check_labels(kept: LabelScheme, scheme: LabelScheme, run: str) -> None:
    if kept.kind != scheme.kind:
        raise ConfigError(
            f'backbone.head: "keep" keeps the head of {run}, which predicts {kept.meaning}, and here the '
            f'labels are {scheme.meaning}; write "head": "new"'
        )
    if kept.names == scheme.names:
        return
    names = json.dumps(list(kept.names), ensure_ascii=False)
    if not kept.has_classes:
        raise ConfigError(
            f'backbone.head: "keep" keeps the head of {run}, whose targets are {names} in this order, and the data has '
            f'{json.dumps(list(scheme.names), ensure_ascii=False)}; write "head": "new", or name the same targets'
        )
    # Data in which some of the classes do not occur is numbered right once they are listed.
    remedy = f'write "classes": {names} in task' if set(scheme.names) <= set(kept.names) else 'write "head": "new"'
    raise ConfigError(
        f'backbone.head: "keep" keeps the head of {run}, whose classes are {", ".join(kept.names)} in this order, and '
        f"here they are {', '.join(scheme.names)}; {remedy}"
    )


def _merge_head(asked: Head, kept: Mapping[str, Any], run: str) -> Head:
    """Return the options of the kept head; what is asked for beyond the defaults must agree with them."""
    before, now, default = Head.model_validate(kept), asked.model_dump(), Head().model_dump()
    for key, value in before.model_dump().items():
        if now[key] not in (default[key], value):
            raise ConfigError(
                f'head.{key}: {json.dumps(now[key])} is asked for, and the head of {run}, which "keep" keeps, has '
                f"{json.dumps(value)}; remove it"
                + (', or give "dropout" in the phases' if key == "dropout" else ', or write "head": "new" in backbone')
            )
    return before


def notes(session: Session) -> list[str]:
    """Return what a plan says of the earlier run a session starts from: a kept head, other shaping, seen examples."""
    options = session.config.backbone
    if not isinstance(options, EarlierRun):
        return []
    run = RunDirectory(options.path)
    found = []
    if options.head == "keep":
        kept = session.config.head
        hidden = f", hidden layers {', '.join(map(str, kept.hidden))}" if kept.hidden else ""
        found.append(
            f"the head goes on from that of {earlier_run.written_path(options)} with its options: pooling "
            f"{kept.pooling}, dropout {kept.dropout:g}{hidden}"
        )
    before = run.read_json("config.json")["data"]
    now = session.config.data.to_json()
    for key in _SHAPING:
        if before.get(key, now.get(key)) != now.get(key):
            found.append(
                f"data.{key} is {json.dumps(now.get(key))} and was {json.dumps(before.get(key))} in "
                f"{earlier_run.written_path(options)}: the model sees images otherwise than it learnt them"
            )
    if note := describe_overlap(session.source, run, "of the test split", earlier_run.written_path(options)):
        found.append(note)
    return found
