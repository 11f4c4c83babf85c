"""The subgroups of examples: by class, by group, or by a column of the table they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.subgroups import name_subgroups, part_by_text

CLASS, GROUP = "class", "group"


def part_examples(
    source: DataSource, column: str, indices: np.ndarray, shows_groups: bool = True
) -> dict[str, np.ndarray]:
    """Return by subgroup which of these examples are in it, bool [examples].

    Examples with several labels, and pictures of which pixels have classes, are in the subgroups of all their classes.
    A column of the table goes before `class` and `group`. Without `shows_groups` ids of groups become numbers. Raises
    ConfigError for a column that there is not, for groups where examples have none, and for too many subgroups.
    """
    if column in source.columns:
        return _part_by_text(source.read_column(column, f"--by {column}"), column, indices)
    if column not in _PARTS:
        there = (
            f"its columns are {', '.join(source.columns)}" if source.columns else "the data is no table with columns"
        )
        raise ConfigError(f"--by {column}: there is no such column, {there}; {CLASS} and {GROUP} work with all data")
    return _PARTS[column](source, indices, shows_groups)


def _part_by_text(texts: Sequence[str], column: str, indices: np.ndarray) -> dict[str, np.ndarray]:
    try:
        return part_by_text(name_subgroups([texts[index] for index in indices]))
    except ValueError as error:
        raise ConfigError(f"--by {column}: {error}") from error


def _part_by_class(source: DataSource, indices: np.ndarray, shows_groups: bool) -> dict[str, np.ndarray]:
    names, numbers = source.info.classes, np.asarray(source.labels)[indices]
    if not names:
        raise ConfigError("--by class: the labels are values and no classes; --by takes a column of the table, too")
    has = np.arange(len(names)) == numbers[:, np.newaxis] if numbers.ndim == 1 else numbers > 0
    return {name: has[:, place] for place, name in enumerate(names)}


def _part_by_group(source: DataSource, indices: np.ndarray, shows_groups: bool) -> dict[str, np.ndarray]:
    if source.groups is None:
        raise ConfigError("--by group: the examples have no groups; data.group says which belong together")
    parts = _part_by_text(source.groups, GROUP, indices)
    return parts if shows_groups else {f"group {place}": own for place, own in enumerate(parts.values(), 1)}


_PARTS: Mapping[str, Callable[[DataSource, np.ndarray, bool], dict[str, np.ndarray]]] = {
    CLASS: _part_by_class,
    GROUP: _part_by_group,
}
