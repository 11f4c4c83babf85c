"""Resolves what a phase unfreezes to the exact variables that train."""

from __future__ import annotations

import difflib
import fnmatch
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kerastune_ft.config.options import phases as options
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.decay import find_biases
from kerastune_ft.graph.normalisation import batch_norms, moving_statistics
from kerastune_ft.graph.trainable import trainable_paths
from kerastune_ft.graph.units import Unit

HEAD = "head"


@dataclass(frozen=True)
class Selection:
    """The units and variables that train in a phase, besides the head.

    `units` are the ids of the units with at least one variable that is trained or updated, input to output; `boundary`
    is the first of them, or `head`; `variables` are the paths of the trained backbone variables, `statistics` those of
    the moving statistics that BatchNorm layers update.
    """

    units: tuple[str, ...]
    boundary: str
    variables: frozenset[str]
    statistics: tuple[str, ...] = ()


def resolve(unfreeze: options.Unfreeze, units: Sequence[Unit], place: str, batch_norm: str = "frozen") -> Selection:
    """Return the selection of a phase; `place` names the phase's key in messages.

    `batch_norm` says what the BatchNorm layers of the units that train do: with `frozen` their variables and statistics
    stay as they are, with `statistics` the latter are updated, with `train` gamma and beta train besides.
    Raises ConfigError when nothing is matched, or more is asked for than there is.
    """
    candidates = {
        unit.id: frozenset(path for layer in unit.layers for path in trainable_paths(layer, batch_norm == "train"))
        for unit in units
    }
    if isinstance(unfreeze, options.Variables):
        chosen = _matching_variables(unfreeze.globs, candidates, units, place, batch_norm)
        named = [unit for unit in candidates if chosen & candidates[unit]]
    elif isinstance(unfreeze, options.Biases):
        chosen = _find_biases(candidates, units, place)
        named = [unit for unit in candidates if chosen & candidates[unit]]
    else:
        named = matching_units(unfreeze, units, place)
        chosen = {path for unit in named for path in candidates[unit]}
    updated = _statistics(units, batch_norm, named, place)
    if not any(updated.values()):
        _check_trained(chosen, named, candidates, place)
    trained = tuple(unit for unit in candidates if chosen & candidates[unit] or updated.get(unit))
    moving = tuple(path for unit in trained for path in updated.get(unit, ()))
    return Selection(trained, trained[0] if trained else HEAD, frozenset(chosen), moving)


def _statistics(units: Sequence[Unit], batch_norm: str, named: Collection[str], place: str) -> dict[str, list[str]]:
    """Return the moving statistics that are updated, by unit."""
    if batch_norm == "frozen":
        return {}
    return {
        unit.id: [
            path for layer in unit.layers for norm in batch_norms(layer) for path in moving_statistics(norm, place)
        ]
        for unit in units
        if unit.id in named
    }


def _check_trained(chosen: set[str], named: Sequence[str], candidates: dict[str, frozenset[str]], place: str) -> None:
    """Raise ConfigError where none of the units named has a variable that may train."""
    if chosen or not named:
        return
    ids = list(candidates)
    lengths = [count for count in range(1, len(ids) + 1) if candidates[ids[-count]]]
    reach = len(ids) - ids.index(named[0])
    if lengths:
        wanted = next((count for count in lengths if count >= reach), lengths[-1])
        remedy = f'{{"last": {wanted}}} trains {ids[-wanted]}'
    else:
        remedy = 'no unit of this backbone can train; write "none" to train the head alone'
    hold = "holds" if len(named) == 1 else "hold"
    raise ConfigError(
        f"{place}: {', '.join(named)} {hold} only normalisation layers, which stay frozen (batch_norm); {remedy}"
    )


def matching_units(unfreeze: options.Unfreeze, units: Sequence[Unit], place: str) -> list[str]:
    """Return the ids of the units that are named, input to output; raises ConfigError as `resolve` does.

    Of several backbones each is counted by itself: the last two units are those of every one of them. A unit stands for
    those of its own backbone that are nearer the head.
    """
    ids = [unit.id for unit in units]
    match unfreeze:
        case options.HeadOnly():
            return []
        case options.Everything():
            return ids
        case options.From(unit=unit):
            if unit not in ids:
                raise ConfigError(
                    f"{place}: there is no unit {unit!r}; {_nearest(unit, ids)}the units are {', '.join(ids)}"
                )
            own = next(group for group in group_by_part(units) if unit in group)
            return own[own.index(unit) :]
        case options.Match(globs=globs):
            for glob in globs:
                if not fnmatch.filter(ids, glob):
                    raise ConfigError(
                        f"{place}: {glob!r} matches no unit; {_nearest(glob, ids)}the units are {', '.join(ids)}"
                    )
            return [name for name in ids if any(fnmatch.fnmatchcase(name, glob) for glob in globs)]
    return [name for own in group_by_part(units) for name in _count_units(unfreeze, own, place)]


def group_by_part(units: Sequence[Unit]) -> list[list[str]]:
    """Return the ids of the units of each backbone, input to output."""
    groups: dict[str, list[str]] = {}
    for unit in units:
        groups.setdefault(unit.part, []).append(unit.id)
    return list(groups.values())


def _count_units(unfreeze: options.Unfreeze, ids: list[str], place: str) -> list[str]:
    """Return the units of one backbone that are named by a number or a share."""
    match unfreeze:
        case options.Last(count=number):
            if number > len(ids):
                raise ConfigError(
                    f'{place}: {{"last": {number}}} asks for more than the {len(ids)} units there are'
                    f'{_of_backbone(ids)}; write "all"'
                )
            return ids[len(ids) - number :]
        case options.First(count=number):
            if number > len(ids):
                raise ConfigError(
                    f'{place}: {{"first": {number}}} asks for more than the {len(ids)} units there are'
                    f'{_of_backbone(ids)}; write "all"'
                )
            return ids[:number]
        case options.FirstFraction(share=share):
            return ids[: math.ceil(round(share * len(ids), 9))]
        case options.Fraction(share=share):
            return ids[len(ids) - math.ceil(round(share * len(ids), 9)) :]
    raise AssertionError(unfreeze)


def _of_backbone(ids: Sequence[str]) -> str:
    """Return which of several backbones units are of, for messages."""
    part, dot, _ = ids[0].partition(".")
    return f" of {part}" if dot else ""


def _find_biases(candidates: dict[str, frozenset[str]], units: Sequence[Unit], place: str) -> set[str]:
    """Return the biases of layers and the offsets of norms that may train; ConfigError where there are none."""
    able = set().union(*candidates.values())
    biases = find_biases(layer for unit in units for layer in unit.layers)
    if found := able & biases:
        return found
    why = "those of its BatchNorm layers stay frozen (batch_norm)" if biases else "its layers have none"
    raise ConfigError(
        f'{place}: "biases" selects nothing: of this backbone no bias can train, since {why}; write "none" to train '
        'the head alone, {"last": 2} to train units, or "lora" for another way to train few parameters'
    )


def _matching_variables(
    globs: Sequence[str],
    candidates: dict[str, frozenset[str]],
    units: Sequence[Unit],
    place: str,
    batch_norm: str,
) -> set[str]:
    paths = sorted(set().union(*candidates.values()))
    everything = [variable.path for unit in units for variable in unit.variables]
    for glob in globs:
        if not fnmatch.filter(paths, glob):
            if frozen := fnmatch.filter(everything, glob):
                why = "which stay frozen" if batch_norm == "frozen" else f"which do not train with {batch_norm!r}"
                raise ConfigError(
                    f"{place}: {glob!r} matches only variables of normalisation layers ({frozen[0]}, ...), "
                    f"{why} (batch_norm)"
                )
            raise ConfigError(
                f"{place}: {glob!r} matches no variable; {_nearest(glob, paths)}"
                "see: python -m kerastune_ft units NAME --variables"
            )
    return {path for path in paths if any(fnmatch.fnmatchcase(path, glob) for glob in globs)}


def _nearest(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f"did you mean {near[0]!r}? " if near else ""
