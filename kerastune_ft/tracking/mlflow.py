"""MLflow: a run on a tracking server, or in a database of SQLite."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from kerastune_ft.config.options.trackers import Mlflow
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.packages import import_package
from kerastune_ft.tracking.sink import Begun, Has, Point, shorten_error
from kerastune_ft.wording import hide_logins

_STATES = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
# What a server takes in one call.
_PARAMETERS, _FIGURES, _TEXT = 100, 1000, 500
# MLflow itself would wait for minutes, and the training with it.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def open_sink(options: Mlflow, run: RunDirectory) -> Server:
    """Return the sink of an MLflow run. Raises ConfigError where MLflow is not installed."""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    # It tells of each table that it makes.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return Server(import_package("mlflow", '"mlflow-skinny>=3"'), options)


class Server:
    """A sink that is a run of MLflow."""

    pause = 2.0

    def __init__(self, mlflow: Any, options: Mlflow) -> None:
        """`mlflow` is the package."""
        self._mlflow = mlflow
        self._uri = options.uri or mlflow.get_tracking_uri()
        self._experiment = options.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Default"
        self._made: Any = None
        self._run = ""

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = self._mlflow.tracking.MlflowClient(tracking_uri=self._uri)
        return self._made

    def require(self) -> None:
        """Raise ConfigError where the server does not answer, or the database cannot be opened."""
        try:
            self._client.search_experiments(max_results=1)
        except Exception as error:
            raise ConfigError(
                f"output.trackers: MLflow at {hide_logins(self._uri)} cannot be used ({shorten_error(error)}); "
                "start it, give another uri (a server, or sqlite:///mlflow.db), or leave the tracker out"
            ) from error

    def start(self, begun: Begun) -> Mapping[str, Any]:
        """Make the run, or take it up where there is one in the same place; parameters that it has stay."""
        # The address may come with a password from the environment, and the identity is written down.
        place = {"uri": hide_logins(self._uri), "experiment": self._experiment}
        known = begun.identity if {key: begun.identity.get(key) for key in place} == place else {}
        has = self._take_up(str(known["run"])) if known else None
        if has is None:
            tags = {"kerastune_ft.directory": begun.directory}
            tags |= {"kerastune_ft.group": begun.group} if begun.group else {}
            self._run = self._client.create_run(self._find_experiment(), tags=tags, run_name=begun.name).info.run_id
            has = {}
        param = self._mlflow.entities.Param
        more = [param(key, str(value)[:_TEXT]) for key, value in begun.parameters.items() if key not in has]
        for at in range(0, len(more), _PARAMETERS):
            self._client.log_batch(self._run, params=more[at : at + _PARAMETERS])
        return {**place, "run": self._run}

    def _take_up(self, run: str) -> Mapping[str, str] | None:
        """Go on with a run and return its parameters; None where it is gone."""
        try:
            found = self._client.get_run(run)
        except self._mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
        if found.info.lifecycle_stage != "active":
            return None
        self._run = run
        self._client.update_run(run, status="RUNNING")
        return dict(found.data.params)

    def _find_experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        return str(found.experiment_id if found is not None else self._client.create_experiment(self._experiment))

    def forget_after(self, step: int) -> None:
        """Do nothing: MLflow forgets no figure."""

    def find_sent(self, sent: int) -> Has:
        """Return what tells whether the server has a figure."""
        tags = self._client.get_run(self._run).data.metrics
        found = {(tag, each.step) for tag in tags for each in self._client.get_metric_history(self._run, tag)}
        return lambda tag, step: (tag, step) in found

    def write(self, points: Sequence[Point]) -> None:
        """Send the points in as few calls as can be; texts become tags."""
        metric, tag = self._mlflow.entities.Metric, self._mlflow.entities.RunTag
        figures = [
            metric(name, value, int(1000 * point.time), point.step)
            for point in points
            for name, value in point.figures.items()
        ]
        texts = [tag(name, text) for point in points for name, text in point.texts.items()]
        for at in range(0, len(figures), _FIGURES):
            self._client.log_batch(self._run, metrics=figures[at : at + _FIGURES])
        if texts:
            self._client.log_batch(self._run, tags=texts)

    def add_file(self, path: Path, name: str) -> None:
        """Add a file to the artifacts."""
        folder = str(PurePosixPath(name).parent)
        self._client.log_artifact(self._run, str(path), None if folder == "." else folder)

    def finish(self, state: str) -> None:
        """Say how the run ended."""
        self._client.set_terminated(self._run, _STATES[state])
