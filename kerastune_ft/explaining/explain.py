"""Explains answers of a finished run, and keeps pictures and figures in its directory."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.base import Explained, Explainer
from kerastune_ft.explaining.build import make_explainer
from kerastune_ft.explaining.deletion import judge
from kerastune_ft.explaining.session import open_final_model
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.pictures import remove_files
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

FOLDER, FILE = "explanations", "evaluation/explanations.json"
_PREDICTIONS = "evaluation/predictions.csv"
_MISTAKES = 3
"""One of so many examples is a mistake."""


def explain(target: RunDirectory, config: RunConfig, count: int, watch: Watcher) -> dict[str, Any]:
    """Explain the answers to so many test examples, a third of them the worst mistakes, and return what was written.

    The others are drawn by the run's seed and what they hold, and the deletion test is of them alone: mistakes are no
    sample of answers. With `output.examples: false` only the figures are kept.
    """
    session = open_final_model(target, config, "test", watch)
    explainer = make_explainer(session)
    mistakes, sample = choose_examples(target, session, count)
    watch.note(f"explaining {len(mistakes)} mistakes and {len(sample)} other test examples. {explainer.method}")
    found: list[Explained] = []
    with naming_lost_files(session.source):
        for done, index in enumerate([*mistakes, *sample], start=1):
            found.append(explainer.explain(index))
            watch.work("explaining", done, len(mistakes) + len(sample))
    drawn = found[len(mistakes) :]
    deletion = judge([each.hot for each in drawn], [each.random for each in drawn], explainer.score.unit)
    shows = config.output.examples
    document = {
        "method": explainer.method,
        "erased": explainer.erased,
        "deletion": deletion.to_json(),
        "mistakes": len(mistakes),
        "examples": _write_examples(target, explainer, found, len(mistakes)) if shows else [],
    }
    if not shows:
        remove_files(target, FOLDER)
    target.commit_json(FILE, document)
    watch.note(deletion.words)
    return document


def choose_examples(target: RunDirectory, session: Session, count: int) -> tuple[list[int], list[int]]:
    """Return the indices of the worst mistakes in the test split, and of others drawn by address."""
    if not target.exists(_PREDICTIONS):
        raise ConfigError(f"{target} has no {_PREDICTIONS}, which says what was mistaken; give its run command again")
    numbers = {session.source.keys[index]: int(index) for index in session.source.splits["test"]}
    table = csv.DictReader(io.StringIO(target.read_bytes(_PREDICTIONS).decode("utf-8"), newline=""))
    rows = [row for row in table if row["split"] == "test" and row["input"] in numbers]
    wrong = [row for row in rows if "prediction" in row and row["label"] != row["prediction"]]
    worst = sorted(wrong, key=lambda row: -float(row["loss"]))[: count // _MISTAKES]
    mistakes = [numbers[row["input"]] for row in worst]
    rest = sorted(set(numbers.values()) - set(mistakes))
    identities = session.source.identities
    seed = session.config.seed
    ranks = {index: int(np.random.default_rng([seed, identities[index]]).integers(2**62)) for index in rest}
    order = sorted(rest, key=lambda index: (ranks[index], index))
    return mistakes, order[: count - len(mistakes)]


def _write_examples(
    target: RunDirectory, explainer: Explainer, found: Sequence[Explained], mistakes: int
) -> list[dict[str, Any]]:
    session = explainer.session
    names, labels = session.task.scheme.names, session.source.label_texts
    entries: list[dict[str, Any]] = []
    written: set[str] = set()
    for number, each in enumerate(found):
        files: Mapping[str, bytes] = {f"{number:02d}.{file.suffix}": file.content for file in explainer.draw(each)}
        for name, content in files.items():
            target.commit(f"evaluation/{FOLDER}/{name}", content)
        written.update(files)
        entries.append(
            {
                "input": session.source.keys[each.index],
                "file": next(iter(files), None),
                "label": labels[each.index],
                "explained": names[each.chosen],
                "is_mistake": number < mistakes,
                "measured": round(each.measured, 4),
                "hot": round(each.hot, 4),
                "random": round(each.random, 4),
                **each.about,
            }
        )
    remove_files(target, FOLDER, written)
    return entries
