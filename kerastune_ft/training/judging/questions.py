"""What a user asks of an evaluation, checked before the model is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.decisions.sets import check_coverage
from kerastune_ft.metrics.decisions.thresholds import Aim, read_aim
from kerastune_ft.metrics.document import SAVED, SAVED_EXAMPLES, SAVED_FILES
from kerastune_ft.storage import is_remote, path_of_user

_RUN_FILES = ("config.json", "manifest.json")


@dataclass(frozen=True)
class Questions:
    """What is asked; nothing by default."""

    aims: tuple[Aim, ...] = ()
    costs: Any = None
    """What mistakes cost, as JSON values; None for nothing asked."""
    coverage: float | None = None
    by: tuple[str, ...] = ()
    """Columns, `class` or `group`, whose values part the examples into subgroups."""
    views: int | None = None
    sample: int | None = None
    """For how many examples answers are generated, where the model writes; None for as the run did."""
    save: Path | None = None
    """The directory that predictions, curves and the worst examples are written to."""


NOTHING = Questions()


def read_questions(
    at: Sequence[str] = (),
    costs: Any = None,
    coverage: float | None = None,
    by: Sequence[str] = (),
    views: int | None = None,
    save: Any = None,
    sample: int | None = None,
) -> Questions:
    """Return questions from the options of a command or call.

    `costs` is a mapping, or the path of a JSON file with one. Raises ConfigError that names the option at fault.
    """
    try:
        aims = tuple(read_aim(text) for text in at)
    except ValueError as error:
        raise ConfigError(f"--at: {error}") from error
    if coverage is not None:
        try:
            check_coverage(coverage)
        except ValueError as error:
            raise ConfigError(f"--coverage: {error}") from error
    if views is not None and views < 1:
        raise ConfigError(f"--views: {views} is no number of views; write 1 or more")
    if sample is not None and sample < 1:
        raise ConfigError(f"--sample: {sample} is no number of examples; write 1 or more")
    place = None if save is None else _check_save(save)
    return Questions(aims, _read_costs(costs), coverage, tuple(by), views, sample, place)


def as_texts(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one text or several as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def _read_costs(given: Any) -> Any:
    if given is None or isinstance(given, Mapping):
        return given
    path = path_of_user(given)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--costs: {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(
            f'--costs: {path} is no JSON ({error}); write for example {{"missed": 10, "false_alarm": 1}}'
        ) from error


def _check_save(given: Any) -> Path:
    """Return the directory to save to.

    Raises ConfigError for a file, for a run directory or a place in one, and for a directory where something would be
    overwritten that no evaluation wrote.
    """
    path: Path = path_of_user(given)
    if path.exists() and not path.is_dir():
        raise ConfigError(f"--save: {path} is a file; give a directory, which is made where it is not there")
    if any((path / name).exists() for name in _RUN_FILES):
        raise ConfigError(f"--save: {path} is a run directory, which nothing else is written into; give another one")
    for above in () if is_remote(path) else path.resolve().parents:
        if all((above / name).exists() for name in _RUN_FILES):
            raise ConfigError(
                f"--save: {path} lies in the run directory {above}, which nothing else is written into; give another"
            )
    others = [name for name in (*SAVED_FILES, *SAVED_EXAMPLES) if (path / name).exists()]
    if others and not (path / SAVED).exists():
        raise ConfigError(
            f"--save: {path / others[0]} is of no evaluation and would be overwritten; give another directory, or move "
            "it"
        )
    return path
