"""The figures of a run as it wrote them: metrics, history, phases, findings, configuration; nothing is computed."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft.api.finished import describe_damage, explain_faults, require_model
from kerastune_ft.config.run import restore_paths
from kerastune_ft.metrics.document import (
    BEFORE,
    examples_by_split,
    groups_by_split,
    intervals_by_split,
    metrics_by_split,
)
from kerastune_ft.own.objects import OwnObjects
from kerastune_ft.reporting.notebook.advice import Findings
from kerastune_ft.reporting.notebook.folded import Folded
from kerastune_ft.reporting.notebook.tables import Beside, Metrics, Rows
from kerastune_ft.reporting.refit_lines import BeforeRefit, read_before_refit
from kerastune_ft.reporting.terminal.phases_table import build_phases_table
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import is_remote

if TYPE_CHECKING:
    import pandas

    from kerastune_ft.cards.build import Card


class RunFigures:
    """A run directory and what its files say."""

    def __init__(self, path: Path, is_chief: bool = True, own: OwnObjects | None = None) -> None:
        """`is_chief` says whether this process, of several workers, is the one that has the results.

        `own` are the objects that the run was given in this process.
        """
        self._given, self.is_chief, self._own = path, is_chief, own
        self._whole = path if is_remote(path) else Path(os.path.abspath(path))

    @property
    def path(self) -> Path:
        """Return the run directory as it was given, and whole after a change of the working directory."""
        return (
            self._given if is_remote(self._given) or Path(os.path.abspath(self._given)) == self._whole else self._whole
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFigures) and other._whole == self._whole

    def __hash__(self) -> int:
        return hash(self._whole)

    @property
    def _directory(self) -> RunDirectory:
        return RunDirectory(self.path)

    @property
    def metrics(self) -> Metrics:
        """Return the final model's metrics by split and name, which print as a table; empty until it is evaluated."""
        with explain_faults(self._directory):
            found = metrics_by_split(self._read_object("metrics.json"))
            return Metrics(found, lambda: Beside(self.constant, self.intervals, self.examples, self.before))

    @property
    def intervals(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Return by split and metric the lower and upper end of its interval of 95 %; runs from before have none."""
        return intervals_by_split(self._read_object("metrics.json"))

    @property
    def examples(self) -> dict[str, int]:
        """Return of how many examples the metrics of each split are; empty for runs that did not write it."""
        return examples_by_split(self._read_object("metrics.json"))

    @property
    def groups(self) -> dict[str, int]:
        """Return of how many groups the examples of each split are; empty where every one stands for itself."""
        return groups_by_split(self._read_object("metrics.json"))

    @property
    def before_refit(self) -> BeforeRefit:
        """Return `metrics` and `intervals` of the model before a refit, on test, printed as sentences; else empty."""
        with explain_faults(self._directory):
            return read_before_refit(self._directory)

    @property
    def findings(self) -> Findings:
        """Return what the figures of the run mean and what to try next, printed as sentences; empty until evaluated.

        Each has `name`, `level` (`good`, `hint` or `warning`), `text`, `advice`, and as `set` the overrides that the
        advice adds to the configuration.
        """
        from kerastune_ft.reporting.findings.gather import read_findings

        with explain_faults(self._directory):
            return Findings(read_findings(self.path), self.path)

    def _read_object(self, name: str) -> dict[str, Any]:
        """Return what a JSON file of the run holds, nothing where it is not there."""
        with explain_faults(self._directory):
            return dict(self._directory.read_json(name)) if self._directory.exists(name) else {}

    @property
    def constant(self) -> dict[str, dict[str, float]]:
        """Return by split the metrics of the best predictor that never looks at its input, to be better than."""
        return {split: dict(metrics) for split, metrics in self._read_object("evaluation/constant.json").items()}

    @property
    def before(self) -> dict[str, dict[str, float]]:
        """Return by split the metrics of a model that writes before its first phase; empty for other models."""
        return {split: dict(metrics) for split, metrics in self._read_object(BEFORE).items()}

    @property
    def manifest(self) -> Folded:
        """Return the manifest: state, versions, devices, results of the phases, hashes of files; printed in short."""
        return Folded(self._directory.manifest() or {})

    @property
    def config(self) -> dict[str, Any]:
        """Return the complete configuration, as JSON values, which `python -m kerastune_ft run FILE` takes to this run.

        Paths are as they were written, so that a relative one is looked up from the same working directory.
        """
        with explain_faults(self._directory):
            document: dict[str, Any] = self._directory.read_json("config.json")
            return restore_paths(document, self.manifest.get("paths") or {})

    @property
    def history(self) -> pandas.DataFrame:
        """Return a row per phase and epoch; none before the first one ended."""
        import pandas

        if not self._directory.exists("history.csv"):
            return pandas.DataFrame(columns=["phase", "epoch"])

        return pandas.read_csv(io.BytesIO(self._directory.read_bytes("history.csv")))

    @property
    def phases(self) -> Rows:
        """Return a row per phase, with what it gained and cost and how far each unit moved; prints as a table."""
        return Rows(self.summarise()["phases"], build_phases_table, "no phase yet")

    @property
    def card(self) -> Card:
        """Return the model card: `document` is data, and printed it is the Markdown with the head that the Hub reads.

        Raises ConfigError for a run that is not finished.
        """
        from kerastune_ft.cards.build import build_card

        with explain_faults(self._directory):
            require_model(self._directory)
            return build_card(self.path)

    @property
    def profile(self) -> dict[str, Any]:
        """Return where the time of the last process went that was started with `profile`; empty where none was."""
        return self._read_object("profile/profile.json")

    def summarise(self) -> dict[str, Any]:
        """Return the figures of the report as plain data; nothing is written."""
        from kerastune_ft.reporting.page import document

        with explain_faults(self._directory):
            return document.summarise(self.path, describe_damage(self._directory))
