#!/usr/bin/env python
"""Measure settings that `init` could propose, one changed at a time, and print their tables.

    scripts/measure_defaults.py --data DIR --weights DIR --results FILE resize augmentation ...

DIR of data has `images/NAME/{train,test}/CLASS`, `text/NAME/{train,test}.csv` and `audio/NAME/{train,test}/CLASS`; DIR
of weights the files that measurements/defaults/sets.py names. Every trial is a row of FILE; what is there is not run
again, and without names of tables those that FILE holds are printed. All trials run in one process on one feature
cache, by the engine of `run` without saving a model.

Every seed draws the validation split, the subset of the training examples where there is one, and the run. Settings
are to be chosen by the validation column; the test column is what the choice is worth.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import click
from measurements.defaults import sets, settings, trials
from measurements.tables import Sheet

_SEEDS = (1, 2, 3)
_FOLDER = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)


@click.command()
@click.option("--data", required=True, type=_FOLDER, help="The folder of images/, text/ and audio/.")
@click.option("--weights", required=True, type=_FOLDER, help="The folder of the pretrained weights.")
@click.option("--results", required=True, type=click.Path(dir_okay=False, path_type=Path), help="JSON lines of trials.")
@click.option("--only", multiple=True, help="Only sets whose names begin so.")
@click.option("--seeds", default=len(_SEEDS), show_default=True)
@click.argument("tables", nargs=-1, type=click.Choice(sorted(settings.TABLES)))
def main(data: Path, weights: Path, results: Path, only: tuple[str, ...], seeds: int, tables: tuple[str, ...]) -> None:
    """Run the trials of TABLES that are missing, and print the tables in Markdown."""
    known = {_key(row): row for row in _read_rows(results)}
    for name in tables:
        table = settings.TABLES[name]
        for chosen in table.sets:
            if only and not chosen.startswith(only):
                continue
            for seed in range(1, seeds + 1):
                prepared = None
                for setting, changes in table.settings.items():
                    wanted = {"table": name, "set": chosen, "setting": setting, "seed": seed}
                    if _key(wanted) in known:
                        continue
                    prepared = prepared or sets.prepare(chosen, seed, data, weights, results.parent / "sets")
                    began, cpu = time.perf_counter(), time.process_time()
                    row = {**wanted, **trials.run(settings.change(prepared, changes), seed)}
                    row |= {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
                    known[_key(row)] = row
                    with results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
                    print(*row.values(), file=sys.stderr, flush=True)
    for name in tables or dict.fromkeys(row["table"] for row in known.values()):
        print(_sheet(name, [row for row in known.values() if row["table"] == name]).markdown(), end="\n\n")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["table"], row["set"], row["setting"], row["seed"]


def _read_rows(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def _sheet(name: str, rows: list[dict[str, Any]]) -> Sheet:
    """Return a table with a row per setting, and validation and test accuracy of every set."""
    names = list(dict.fromkeys(row["set"] for row in rows))
    lines = []
    for setting in dict.fromkeys(row["setting"] for row in rows):
        cells = [setting]
        for chosen in names:
            found = [row for row in rows if (row["set"], row["setting"]) == (chosen, setting)]
            cells.append(f"{_mean(found, 'validation')} / {_mean(found, 'test')}" if found else "-")
        lines.append(cells)
    caption = "Validation / test accuracy; means over the seeds, ± standard error of the mean."
    return Sheet((name, *names), lines, caption)


def _mean(rows: list[dict[str, Any]], split: str) -> str:
    values = [row[split] for row in rows]
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.3f}±{error:.3f}"


if __name__ == "__main__":
    main()
