#!/usr/bin/env python
"""Measure kerastune_ft against hand-written Keras on this machine, and print tables with the machine named.

    scripts/benchmark.py schedule --data photos --weights FILE   two phases, from start to report, against a script
    scripts/benchmark.py scaling --data photos --weights FILE    the same by number of examples, of epochs, and depth
    scripts/benchmark.py tail --data photos --weights FILE       a partial phase against training its tail alone
    scripts/benchmark.py step --data photos --weights FILE       the step loop against Model.fit
    scripts/benchmark.py head                                    many steps of a head to a call against one
    scripts/benchmark.py search --data DIR --weights DIR         a search of 20 trials against ordinary runs
    scripts/benchmark.py make-crops ...                          a larger data set, cut out of annotated photos
    scripts/benchmark.py folds --data photos --weights FILE      a cross-validation against a single run
    scripts/benchmark.py first-hour --data DIR --weights DIR     three lines with what they propose, against scripts
    scripts/benchmark.py schedules --data DIR --weights DIR --results DIR   "auto" and presets

All but `step`, `head` and `schedules` run every side in a process of its own, in alternating rounds, and give medians.
Both sides train the same layers of the same model on the same files at the same rates; measurements/hand_written.py is
the script.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Any

import click
from measurements import crops, cross_validation, first_hour, folders, machine, rounds, scaling, search, tail
from measurements.defaults import schedules
from measurements.schedule import Schedule
from measurements.sides import Sides
from measurements.tables import Sheet

from kerastune_ft.quiet_imports import tensorflow_import

_Command = Callable[..., None]
_FOLDER = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)
_SCHEDULE = click.Choice([*schedules.SCHEDULES, schedules.PROPOSED])
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)
_MODEL = (
    click.option(
        "--data", required=True, type=_FOLDER, help="A folder of class folders, or of train, (validation,) test."
    ),
    # With random weights and frozen BatchNorm, features vanish and nothing would train.
    click.option("--weights", required=True, type=_FILE, help="Weights of MobileNet with --alpha, without its top."),
    click.option("--alpha", default=0.25, show_default=True),
    click.option("--image-size", default=224, show_default=True),
    click.option("--batch-size", default=32, show_default=True),
    click.option(
        "--examples", type=click.IntRange(min=12), help="Use about this many training examples instead of all."
    ),
)
_OUTPUT = (
    click.option("--table", "spelled", flag_value="table", default=True, help="Print a table for the terminal."),
    click.option("--markdown", "spelled", flag_value="markdown", help="Print a table of Markdown."),
    click.option("--json", "spelled", flag_value="json", help="Print every figure as JSON."),
)


class _Numbers(click.ParamType):
    """A click type: whole numbers above 0 separated by commas, or certain words."""

    name = "N,N,..."

    def __init__(self, *words: str) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the tuple of numbers and words."""
        parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        wrong = [part for part in parts if part not in self._words and not (str(part).isdigit() and int(part))]
        if wrong:
            self.fail(f"{', '.join(wrong)}: whole numbers above 0 {' or '.join(('', *self._words))}", param, ctx)
        return tuple(part if part in self._words else int(part) for part in parts)


def _common(command: _Command) -> _Command:
    """Add the options for model, data and output format."""
    return _add(command, (*_MODEL, *_OUTPUT))


def _add_output(command: _Command) -> _Command:
    """Add the options for the output format."""
    return _add(command, _OUTPUT)


def _add(command: _Command, options: Sequence[Callable[[_Command], _Command]]) -> _Command:
    return reduce(lambda made, option: option(made), reversed(options), command)


@click.group()
def main() -> None:
    """Measure kerastune_ft against hand-written Keras."""


@main.command()
@_common
@click.option("--epochs", default=5, show_default=True, help="Of each phase.")
@click.option("--last", default=3, show_default=True, help="Units that train in the second phase.")
@click.option("--rounds", "count", default=3, show_default=True, help="Alternating rounds.")
def schedule(
    data: Path,
    weights: Path,
    alpha: float,
    image_size: int,
    batch_size: int,
    examples: int | None,
    epochs: int,
    last: int,
    count: int,
    spelled: str,
) -> None:
    """Compare the whole process, start to written report, with a hand-written two-phase script."""
    asked = Schedule(weights, alpha, image_size, epochs, epochs, last, batch_size)
    files = _files(data, examples)
    rounds.warm_up(asked, files)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sides = Sides(asked, folders.link(files, folder / "data"), folder / "runs")
        costs = rounds.alternate(sides, folder / "runs", count)
    found = rounds.medians(costs)
    document = {"medians": found, "rounds": {name: [cost.to_json() for cost in each] for name, each in costs.items()}}
    _print(spelled, rounds.sheet(found, _caption(asked, files, count)), document)


@main.command("scaling")
@_common
@click.option("--factors", type=_Numbers(), default="1,4,16", show_default=True, help="Copies of every image.")
@click.option("--epochs", type=_Numbers(), default="1,5,10,20", show_default=True, help="Of each phase.")
@click.option("--units", type=_Numbers("all"), default="1,2,4,8,all", show_default=True, help="Last units that train.")
@click.option("--rounds", "count", default=1, show_default=True, help="Alternating rounds of every point.")
def scaling_command(
    data: Path,
    weights: Path,
    alpha: float,
    image_size: int,
    batch_size: int,
    examples: int | None,
    factors: tuple[int, ...],
    epochs: tuple[int, ...],
    units: tuple[scaling.Units, ...],
    count: int,
    spelled: str,
) -> None:
    """Vary examples, epochs and depth one at a time, the others being 1 copy, 5 epochs a phase and 3 units.

    An empty list leaves one out: --factors "".
    """
    asked = Schedule(weights, alpha, image_size, 5, 5, 3, batch_size)
    files = _files(data, examples)
    rounds.warm_up(asked, files)
    rows = scaling.measure(asked, files, scaling.Ranges(factors, epochs, units), count)
    _print(spelled, scaling.sheet(rows, _caption(asked, files, count)), {"points": rows})


@main.command("tail")
@_common
@click.option("--epochs", default=5, show_default=True)
@click.option("--last", default=3, show_default=True, help="Units that train.")
@click.option("--rounds", "count", default=3, show_default=True, help="Alternating rounds.")
def tail_command(
    data: Path,
    weights: Path,
    alpha: float,
    image_size: int,
    batch_size: int,
    examples: int | None,
    epochs: int,
    last: int,
    count: int,
    spelled: str,
) -> None:
    """Compare a partial phase on stored features with training its tail alone on arrays in memory."""
    asked = Schedule(weights, alpha, image_size, 0, epochs, last, batch_size)
    files = _files(data, examples)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sides = Sides(asked, folders.link(files, folder / "data"), folder / "runs")
        found = tail.measure(sides, folder / "runs", count)
    _print(spelled, tail.sheet(found, _caption(asked, files, count)), {"medians": found})


@main.command()
@_add_output
@click.option("--examples", default=40_000, show_default=True, type=click.IntRange(min=100), help="Of all splits.")
@click.option("--width", default=256, show_default=True, help="Numbers of an example's features.")
@click.option("--batch-size", default=32, show_default=True)
@click.option("--epochs", default=5, show_default=True, help="Of each run, besides the first.")
@click.option("--rounds", "count", default=2, show_default=True, help="Alternating runs of each.")
def head(examples: int, width: int, batch_size: int, epochs: int, count: int, spelled: str) -> None:
    """Compare epochs of a head on stored features, many steps to a compiled call and one, in one process."""
    with tensorflow_import():
        from measurements import head as heads

    found = heads.measure(examples, width, batch_size, epochs, count)
    where = machine.sentence(machine.describe())
    caption = f"{examples:,} examples of {width} features, batches of {batch_size}. {where}"
    _print(spelled, heads.sheet(found, caption), found)


@main.command()
@_common
@click.option("--rounds", "count", default=5, show_default=True, help="Alternating epochs of each.")
def step(
    data: Path,
    weights: Path,
    alpha: float,
    image_size: int,
    batch_size: int,
    examples: int | None,
    count: int,
    spelled: str,
) -> None:
    """Compare the step loop with Model.fit, everything recomputed, in one process."""
    # It needs TensorFlow, which the other commands leave to the processes they measure.
    with tensorflow_import():
        from measurements import steps

    asked = Schedule(weights, alpha, image_size, 0, 1, 3, batch_size)
    files = _files(data, examples)
    with tempfile.TemporaryDirectory() as temporary:
        rows = steps.measure(asked, folders.link(files, Path(temporary) / "data"), count)
    _print(spelled, steps.sheet(rows, _caption(asked, files, count)), {"phases": rows})


@main.command("first-hour")
@click.option("--data", required=True, type=_FOLDER, help="A folder with images/ and text/.")
@click.option("--weights", required=True, type=_FOLDER, help="A folder with vision/ and text/.")
@click.option("--set", "names", multiple=True, type=click.Choice(list(first_hour.SETS)), help="Only these sets.")
@click.option("--seeds", default=3, show_default=True, help="Runs of each side, each with a validation split drawn.")
@_add_output
def first_hour_command(data: Path, weights: Path, names: tuple[str, ...], seeds: int, spelled: str) -> None:
    """Compare three lines, with the schedule that they propose, with a script by hand of the same epochs."""
    with tempfile.TemporaryDirectory() as temporary:
        costs = first_hour.compare(names or tuple(first_hour.SETS), seeds, data, weights, Path(temporary))
    runs = "One seed" if seeds == 1 else f"Means of {seeds} seeds ± standard error of the mean"
    caption = f"{runs}. {machine.sentence(machine.describe())}"
    document = {
        name: {side: [asdict(cost) for cost in each] for side, each in sides.items()} for name, sides in costs.items()
    }
    _print(spelled, first_hour.sheet(costs, caption), {"costs": document})


@main.command("schedules")
@click.option("--data", required=True, type=_FOLDER, help="A folder with images/, audio/ and text/.")
@click.option("--weights", required=True, type=_FOLDER, help="A folder with vision/, audio/ and text/.")
@click.option("--results", required=True, type=click.Path(file_okay=False, resolve_path=True, path_type=Path))
@click.option("--set", "names", multiple=True, help="Only these sets; NAME:N takes N examples of a class, or texts.")
@click.option("--schedule", "chosen", multiple=True, type=_SCHEDULE, help="Only these; init is what init writes.")
@click.option(
    "--seeds", default=3, show_default=True, help="Runs of each schedule, each with a validation split drawn."
)
@click.option("--split", default="test", show_default=True, type=click.Choice(["validation", "test"]))
@_add_output
def schedules_command(
    data: Path,
    weights: Path,
    results: Path,
    names: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int,
    split: str,
    spelled: str,
) -> None:
    """Compare phases chosen by measurement with every preset; RESULTS keeps what is done, and the command goes on."""
    wanted = schedules.choose_sets(names)
    cells = schedules.measure(wanted, chosen or schedules.SCHEDULES, seeds, data, weights, results)
    runs = "One seed" if seeds == 1 else f"Means of {seeds} seeds ± standard error of the mean"
    sizes = ", ".join(wanted.values())
    caption = f"{runs}; accuracy on {split}; {sizes}. {machine.sentence(machine.describe())}"
    verdict = schedules.judge(cells, split)
    _print(spelled, schedules.sheet(cells, caption, split), {"cells": cells, "verdict": verdict})
    if spelled != "json":
        click.echo("\n".join(verdict))


@main.command("folds")
@_common
@click.option("--epochs", default=10, show_default=True, help="Of the phase that trains the head.")
@click.option("--top-epochs", default=0, show_default=True, help="Of a second phase; 0 leaves it out.")
@click.option("--last", default=3, show_default=True, help="Units that train in the second phase.")
@click.option("--folds", "number", default=5, show_default=True)
@click.option("--rounds", "count", default=3, show_default=True, help="Alternating rounds.")
def folds_command(
    data: Path,
    weights: Path,
    alpha: float,
    image_size: int,
    batch_size: int,
    examples: int | None,
    epochs: int,
    top_epochs: int,
    last: int,
    number: int,
    count: int,
    spelled: str,
) -> None:
    """Compare a cross-validation with a single run of the same configuration, nothing stored before either."""
    asked = Schedule(weights, alpha, image_size, epochs, top_epochs, last, batch_size)
    files = _files(data, examples)
    with tempfile.TemporaryDirectory() as temporary:
        costs = cross_validation.measure(asked, folders.link(files, Path(temporary) / "data"), number, count)
    document = {"costs": {name: [asdict(cost) for cost in each] for name, each in costs.items()}}
    caption = f"{number} folds. {_caption(asked, files, count)}"
    _print(spelled, cross_validation.sheet(costs, caption), document)


@main.command("search")
@click.option("--data", required=True, type=_FOLDER, help="A folder with images/ and text/.")
@click.option("--weights", required=True, type=_FOLDER, help="A folder with vision/ and text/.")
@click.option("--set", "names", multiple=True, type=click.Choice(list(first_hour.SETS)), help="Only these sets.")
@click.option("--space", "spaces", multiple=True, type=click.Choice(list(search.SPACES)), help="Only these spaces.")
@_add_output
def search_command(data: Path, weights: Path, names: tuple[str, ...], spaces: tuple[str, ...], spelled: str) -> None:
    """Compare searches of 20 trials with ordinary runs, and the winner with the configuration as written."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in names or ("flowers", "sst2"):
            for space in spaces or tuple(search.SPACES):
                folder = Path(temporary) / name / space.replace(" ", "-")
                found[name, space] = search.compare(name, space, data, weights, folder)
    caption = f"{search.TRIALS} trials. {machine.sentence(machine.describe())}"
    document = {f"{name}, {space}": asdict(each) for (name, space), each in found.items()}
    _print(spelled, search.sheet(found, caption), {"comparisons": document})


@main.command("make-crops")
@click.option("--boxes", required=True, type=_FILE, help="CSV: split, filename, label, xmin, ymin, xmax, ymax.")
@click.option("--images", required=True, type=_FOLDER, help="The folder that holds the photos, at any depth.")
@click.option("--scale", "scales", multiple=True, type=float, default=(1.0, 1.5, 2.0), show_default=True)
@click.option("--most", default=900, show_default=True, help="Crops of a class to train on.")
@click.argument("target", type=click.Path(file_okay=False, resolve_path=True, path_type=Path))
def make_crops(boxes: Path, images: Path, scales: tuple[float, ...], most: int, target: Path) -> None:
    """Cut every box out of its photo at several sizes, into TARGET/split/label."""
    if target.exists() and any(target.iterdir()):
        raise click.UsageError(f"{target} is not empty")
    for split, labels in crops.cut(boxes, images, target, scales, most).items():
        print(f"{split}: {sum(labels.values())} ({', '.join(f'{name} {count}' for name, count in labels.items())})")


def _files(data: Path, examples: int | None) -> folders.Files:
    files = folders.divide(data)
    return files if examples is None else folders.fewer(files, examples)


def _caption(asked: Schedule, files: folders.Files, count: int) -> str:
    counts = [count for count in (asked.head_epochs, asked.top_epochs) if count]
    epochs = f"{' + '.join(map(str, counts))} epoch{'' if counts == [1] else 's'}"
    sizes = ", ".join(f"{folders.size(files, split)} {split}" for split in ("train", "validation", "test"))
    rounds_made = "one round" if count == 1 else f"medians of {count} alternating rounds"
    return (
        f"{asked.name}, {epochs}, batches of {asked.batch_size}; {sizes} images; {rounds_made}. "
        f"{machine.sentence(machine.describe())}"
    )


def _print(spelled: str, sheet: Sheet, document: dict[str, Any]) -> None:
    if spelled == "json":
        json.dump({"machine": machine.describe(), "caption": sheet.caption, **document}, sys.stdout, indent=1)
        print()
    elif spelled == "markdown":
        print(sheet.markdown())
    else:
        sheet.print()


if __name__ == "__main__":
    main()
