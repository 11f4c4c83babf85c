"""Ranking backbones on a user's data, as a function."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api.engine import Config, Overrides, load_engine, parse_seconds, resolve_config
from kerastune_ft.errors import ConfigError, explain_exhaustion
from kerastune_ft.reporting.notebook.tables import write_table
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.reporting.terminal.ranking_table import build_ranking_table, describe_ranking
from kerastune_ft.scaffolding.measured import Rank
from kerastune_ft.training.run_directory.run_choice import check_places


@dataclass(frozen=True)
class RankingView:
    """Backbones ranked on a user's data: `document` is what `backbones --on --json` prints; it prints as a table."""

    document: Mapping[str, Any]

    @property
    def best(self) -> dict[str, Any] | None:
        """Return the section `backbone` of the best one, or None where none could be tried."""
        found = self.document["best"]
        return None if found is None else dict(found)

    def __repr__(self) -> str:
        return write_table(build_ranking_table(self.document), "\n".join(describe_ranking(self.document)))

    def _repr_html_(self) -> str:
        from kerastune_ft.reporting.page import templates

        table = build_ranking_table(self.document)
        rows = list(zip(*(column.cells for column in table.columns), strict=True))
        remark = "; ".join(describe_ranking(self.document))
        return templates.render("table.html", columns=table.columns, rows=rows, remark=remark)


def rank_backbones(
    config: Config,
    time: str | float | None = None,
    *,
    candidates: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    download: bool = False,
    overrides: Overrides = (),
) -> RankingView:
    """Return the backbones that can be had here, ranked on the data of a configuration.

    They are ranked by linear probes on their frozen features: `time` is seconds or text such as `10m`, in which the
    cheapest are tried first; without it all are. `candidates` names further ones: a preset, its directory, a .keras
    file, a run, an architecture, or the JSON text of a section `backbone`. `download` also tries architectures that
    have to be downloaded. Features stay in the stores, so that the same call again goes on. The test split is not read.
    Raises the errors of `kerastune_ft.errors`.
    """
    settings = resolve_config(config, overrides)
    if settings.python is not None:
        raise ConfigError(
            f"python: backbones are ranked by linear probes, and this configuration goes with "
            f"{settings.python.arguments}; take the section python out to rank them"
        )
    keras_settings.refuse_foreign()
    seconds = parse_seconds(time)
    check_places(settings)
    engine = load_engine(settings)
    from kerastune_ft.probing import ranking

    several = [candidates] if isinstance(candidates, str | os.PathLike) else candidates
    named = [os.fspath(each) for each in several]
    with explain_exhaustion(), contextlib.closing(create_watcher(lambda line: None)) as watch:
        found = ranking.rank_backbones(settings, engine.devices(settings), watch, seconds, named, download)
    return RankingView(found.to_json())


def make_rank(seconds: float) -> Rank:
    """Return what ranks the backbones that are here for a configuration, once: the same again is what it was before."""

    def rank(document: Mapping[str, Any]) -> Mapping[str, Any]:
        settings = resolve_config(_without_objects(document), ())
        keras_settings.refuse_foreign()
        check_places(settings)
        engine = load_engine(settings)
        from kerastune_ft.probing import ranking

        with explain_exhaustion(), contextlib.closing(create_watcher(lambda line: None)) as watch:
            return ranking.rank_once(settings, engine.devices(settings), watch, seconds)

    return rank


def _without_objects(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without the record of a caller's head, loss and metrics, which no probe has."""
    return {key: value for key, value in document.items() if key != "python"}
