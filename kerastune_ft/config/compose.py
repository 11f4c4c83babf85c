"""Composing one complete document from what the user wrote: `extends`, presets, `defaults`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from kerastune_ft.config.checks.phases.rates import check_momentum
from kerastune_ft.config.checks.phases.solvers import OF_UPDATES, is_solved
from kerastune_ft.config.documents.files import SHIPPED, load, shipped_names
from kerastune_ft.config.documents.nodes import Node, Place, as_node, short_json, without_comments
from kerastune_ft.config.documents.problems import SET, Problem
from kerastune_ft.config.expansion import describe_auto, expand, find_preset
from kerastune_ft.config.options.augment import changes_examples, mixes_examples
from kerastune_ft.config.options.paths import expand as expand_path
from kerastune_ft.config.options.task_facts import TaskFacts, find_facts
from kerastune_ft.config.presets import AUTO
from kerastune_ft.storage import expand_home

# A phase has only one of the two, so giving one removes the default of the other.
LENGTHS = {"epochs": "steps", "steps": "epochs"}
# Keys that only affect the backbone's units.
_OF_UNITS = ("batch_norm", "lora", "l2_sp")
# Those of them that say what the units' own variables do, which adapters leave as they are.
_OF_UNITS_THEMSELVES = ("batch_norm", "l2_sp")
# Keys that refer to the previous phase.
_OF_LATER = ("carry_optimizer", "start_from")


def with_base(
    node: Node, directory: Path | None, problems: list[Problem], seen: tuple[Path, ...] = ()
) -> tuple[Node, bool]:
    """Return the document without comments, merged over the files that it extends.

    The second value is False if one of those files could not be read.
    """
    node = without_comments(node)
    extends = node.find("extends")
    if not isinstance(node.value, dict) or extends is None:
        return node, True
    own = node.with_items({key: item for key, item in node.value.items() if key != "extends"})
    path = _base_path(extends, directory, problems, seen)
    written = load(path, extends.place, problems) if path else None
    if path is None or written is None:
        return own, False
    base, is_whole = with_base(written, path.parent, problems, (*seen, path.resolve()))
    return merge(base, own), is_whole


def _base_path(extends: Node, directory: Path | None, problems: list[Problem], seen: tuple[Path, ...]) -> Path | None:
    if not isinstance(extends.value, str):
        message = f'{short_json(extends.plain())} is not a file; write one, such as "team.json" or "medical"'
        problems.append(Problem(extends.place, message, extends.plain()))
        return None
    try:
        path = (directory or Path()) / expand_home(expand_path(extends.value))
        if not path.is_file() and extends.value in shipped_names():
            path = SHIPPED / f"{extends.value}.json"
    except PydanticCustomError as error:
        problems.append(Problem(extends.place, error.message(), extends.value))
        return None
    resolved = path.resolve()
    if resolved in seen:
        chain = " -> ".join(one.name for one in (*seen[seen.index(resolved) :], resolved))
        problems.append(Problem(extends.place, f"the files extend each other in a circle: {chain}", extends.value))
        return None
    return path


def merge(base: Node, over: Node) -> Node:
    """Merge `over` into `base`: objects of the same kind merge key by key; other values, and `phases`, replace."""
    if (
        not isinstance(base.value, dict)
        or not isinstance(over.value, dict)
        or _kind(base) != (_kind(over) or _kind(base))
    ):
        return over
    items = dict(base.value)
    for key, item in over.value.items():
        items[key] = merge(items[key], item) if key in items and key != "phases" else item
    return over.with_items(items)


def _kind(node: Node) -> object:
    kind = node.find("kind")
    return kind.plain() if kind else None


def with_phases(document: Node, problems: list[Problem]) -> Node:
    """Return the document with a preset of phases expanded; the user's defaults override the preset's values."""
    node = document.find("phases")
    if node is None or isinstance(node.value, list):
        return document
    known = _find_task_facts(document)
    if find_preset(node) == AUTO and known is not None and known.hides_words:
        message = (
            "it is chosen by heads for classes or numbers on stored features, and hidden words have neither; write "
            'phases, as [{"unfreeze": "all", ...}]'
        )
        problems.append(Problem(node.place, message, node.plain()))
        return document
    is_writing = known is not None and known.writes
    phases = _expand_preset(node, _default_items(document), is_writing, problems)
    items = {**document.value, "phases": replace(node, value=phases)}
    if find_preset(node) == AUTO:
        items["auto"] = describe_auto(node, _default_items(document))
    return document.with_items(items)


def _find_task_facts(document: Node) -> TaskFacts | None:
    """Return the facts of a document's task; None where its kind is none of this version."""
    task = document.find("task")
    return find_facts(task.plain()) if task is not None and isinstance(task.value, dict) else None


def _without_head(given: list[Node], node: Node, problems: list[Problem]) -> list[Node]:
    """Return the phases of a preset without those of the head alone: a model that writes has no new one to begin with.

    Its head is the pretrained vocabulary, which in most models is the matrix of the embeddings.
    """
    if find_preset(node) == AUTO:
        message = (
            "it is chosen by heads for classes or numbers on stored features, and a model that writes has neither; "
            'write "last_then_lora", "lora" or "full"'
        )
        problems.append(Problem(node.place, message, node.plain()))
        return given
    kept = [phase for phase in given if not _trains_head_only(phase)]
    if not kept:
        message = (
            "it trains a new head alone, and a model that writes has none: its head is its vocabulary; write "
            '"full", "lora" or "last_then_lora", or phases as [{"unfreeze": {"last": 1}, ...}]'
        )
        problems.append(Problem(node.place, message, node.plain()))
        return given
    first = {key: item for key, item in kept[0].value.items() if key not in _OF_LATER}
    return [kept[0].with_items(first), *kept[1:]]


def _expand_preset(node: Node, defaults: dict[str, Node], writes: bool, problems: list[Problem]) -> list[Node]:
    more = dict(node.value) if isinstance(node.value, dict) and "preset" in node.value else {}
    found = expand(node, more, defaults, problems)
    if writes:
        found = found._replace(phases=_without_head(found.phases, node, problems))
    for key in ("name", "unfreeze"):
        if key in more:
            message = "each phase of a preset has its own; to change it, write the phases as a list"
            problems.append(Problem(more.pop(key).name_place, message))
    shared = {key: item for key, item in defaults.items() if key not in found.own}
    given = found.phases
    return [
        _fit_momentum(
            phase.with_items(
                _lay_over(_lay_over(phase.value, select_keys(shared, phase, given)), select_keys(more, phase, given))
            )
        )
        for phase in given
    ]


def _fit_momentum(phase: Node) -> Node:
    """Return a phase of a preset without a momentum that the optimizer written for it cannot take, or has itself."""
    rate = phase.find("learning_rate")
    if rate is None or not isinstance(rate.value, dict) or not any(check_momentum(phase.plain())):
        return phase
    rest = rate.with_items({key: item for key, item in rate.value.items() if key != "momentum"})
    return phase.with_items({**phase.value, "learning_rate": rest})


def _default_items(document: Node) -> dict[str, Node]:
    defaults = document.find("defaults")
    return dict(defaults.value) if defaults and isinstance(defaults.value, dict) else {}


def _lay_over(under: dict[str, Node], over: dict[str, Node]) -> dict[str, Node]:
    given = {key for key, item in over.items() if item.value is not None}
    dropped = {other for key, other in LENGTHS.items() if key in given and other not in given}
    if _names_solver(over) and not _names_solver(under):
        # What a preset says of updates by batches is not what was asked for.
        dropped |= set(OF_UPDATES)
    laid = {**{key: item for key, item in under.items() if key not in dropped}, **over}
    if "augment" in under and "augment" in over:
        laid["augment"] = _join_augment(under["augment"], over["augment"])
    return laid


def _join_augment(under: Node, over: Node) -> Node:
    """Return the augmentation that results from two: `over` replaces `under`, unless one of them has only `views`."""
    objects = [one.value if isinstance(one.value, dict) else {"preset": one} for one in (under, over)]
    if not all(isinstance(one.value, dict | str) for one in (under, over)) or not any(
        set(o) == {"views"} for o in objects
    ):
        return over
    return over.with_items({**objects[0], **objects[1]})


def select_keys(shared: dict[str, Node], phase: Node, phases: list[Node]) -> dict[str, Node]:
    """Return the shared keys that apply to one phase.

    `batch_norm`, `lora` and `l2_sp` skip phases that train only the head, `batch_norm` and `l2_sp` skip phases with
    adapters if others have none, and `carry_optimizer` and `start_from` skip the first of several phases. Keys of
    updates by batches skip the phases that name a solver, and a solver skips those that train more than the head if
    others do not.
    """
    without: tuple[str, ...] = ()
    if _names_solver(phase.value):
        without += (*OF_UPDATES, "optimizer", "epochs")
    if _names_solver(shared) and not _trains_head_only(phase) and any(map(_trains_head_only, phases)):
        without += ("optimizer",)
    if _trains_head_only(phase) and not all(map(_trains_head_only, phases)):
        without += _OF_UNITS
    if _adapts(phase, shared) and not all(_trains_head_only(one) or _adapts(one, shared) for one in phases):
        without += _OF_UNITS_THEMSELVES
    if len(phases) > 1 and phase is phases[0]:
        without += _OF_LATER
    return {key: item for key, item in shared.items() if key not in without}


def _names_solver(keys: Mapping[str, Node]) -> bool:
    """Return whether the optimizer among these keys is a solver."""
    optimizer = keys.get("optimizer")
    return optimizer is not None and is_solved({"optimizer": optimizer.plain()})


def _trains_head_only(phase: Node) -> bool:
    unfreeze = phase.find("unfreeze")
    return unfreeze is not None and unfreeze.value == "none"


def _adapts(phase: Node, shared: Mapping[str, Node]) -> bool:
    """Return whether a phase trains adapters, given the shared keys."""
    lora = phase.find("lora") or shared.get("lora")
    return lora is not None and lora.value is not None and not _trains_head_only(phase)


def with_defaults(document: Node) -> Node:
    """Return the document with `defaults` merged into every phase."""
    items = {key: item for key, item in document.value.items() if key not in ("defaults", "$schema")}
    phases, defaults = items.get("phases"), _default_items(document)
    if phases and isinstance(phases.value, list):
        filled = [
            phase.with_items(_lay_over(select_keys(defaults, phase, phases.value), phase.value))
            if isinstance(phase.value, dict)
            else phase
            for phase in phases.value
        ]
        items["phases"] = replace(phases, value=_without_idle_views(filled))
    return document.with_items(items)


def _without_idle_views(phases: list[Node]) -> list[Node]:
    """Remove shared `views` from phases without augmentation.

    If no phase augments, they stay, to be reported as having no effect.
    """
    shared = [phase for phase in phases if _has_shared_views(phase)]
    idle = [
        phase
        for phase in shared
        if not changes_examples(phase.value["augment"].plain()) and not mixes_examples(phase.plain())
    ]
    return phases if len(idle) == len(shared) else [_without_views(one) if one in idle else one for one in phases]


def _has_shared_views(phase: Node) -> bool:
    augment = phase.find("augment")
    views = augment.find("views") if augment else None
    if views is None:
        return False
    # In a phase of a list, the second step of the path is its index.
    return views.place.path[:1] == ("defaults",) or not isinstance(views.place.path[1], int)


def _without_views(phase: Node) -> Node:
    augment = phase.value["augment"]
    rest = augment.with_items({key: item for key, item in augment.value.items() if key != "views"})
    return phase.with_items({**phase.value, "augment": rest})


def defaults_alone(document: Node) -> Node | None:
    """Return the document with `defaults` as its only phases, to check values that every phase overrides."""
    defaults = document.find("defaults")
    if defaults is None:
        return None
    phases = [defaults]
    if isinstance(defaults.value, dict):
        given = _default_items(document)
        first = {key: item for key, item in given.items() if key not in _OF_LATER}
        phases = [
            defaults.with_items(_lay_over(_filler("first"), first)),
            defaults.with_items(_lay_over(_filler("later"), given)),
        ]
    items = {key: item for key, item in document.value.items() if key not in ("defaults", "$schema")}
    return document.with_items({**items, "phases": Node(phases, defaults.place)})


def _filler(name: str) -> dict[str, Node]:
    """Return a phase with the keys that defaults cannot have, or that their values need."""
    needed = {"name": name, "unfreeze": "all", "epochs": 1, "learning_rate": 0.001, "augment": "light"}
    return as_node(needed, Place("")).value


def find_idle_overrides(document: Node) -> Iterator[Problem]:
    """Yield keys that `--set` puts into `defaults` although every phase overrides them.

    In files this is allowed: the defaults may come from a file that is extended.
    """
    listed = document.find("phases")
    phases = listed.value if listed and isinstance(listed.value, list) else []
    for key, item in _default_items(document).items():
        if item.place.file == SET and phases and all(_has_own(phase, key) for phase in phases):
            name = phases[0].find("name")
            place = f"phases.{name.plain()}" if name else "phases[0]"
            yield Problem(
                item.place,
                f"every phase has its own; write {place}.{key}=..., or phases.{key}=... for all",
                item.plain(),
            )


def _has_own(phase: Node, key: str) -> bool:
    own = phase.find(key) or phase.find(LENGTHS.get(key, key))
    return own is not None and own.place.path[:1] != ("defaults",)


def find_misplaced_defaults(document: Node) -> Iterator[Problem]:
    """Yield keys in `defaults` that belong in one phase only."""
    for key in ("name", "unfreeze"):
        item = _default_items(document).get(key)
        if item is not None:
            yield Problem(item.name_place, "every phase has its own; write it in the phases", item.plain())


def lay_keys(phases: Sequence[Mapping[str, Any]], keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return phases, as plain objects, with keys laid over all of them that they apply to."""
    given = [as_node(dict(phase), Place("")) for phase in phases]
    shared = as_node(dict(keys), Place("")).value
    laid = [phase.with_items(_lay_over(phase.value, select_keys(shared, phase, given))) for phase in given]
    return [phase.plain() for phase in laid]
