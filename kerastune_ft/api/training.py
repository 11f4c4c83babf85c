"""The engine as functions: what the command line, notebooks and batch jobs call alike."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError, Interrupted, KerasTuneError, ResourceError, exhaustion_explained
from kerastune_ft.quiet_imports import tensorflow_import
from kerastune_ft.reporting.progress import watcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import at_hand, is_remote, path_of, require_data
from kerastune_ft.training import resume
from kerastune_ft.training.devices import tpu

if TYPE_CHECKING:
    import keras
    import pandas
    from matplotlib.figure import Figure

    from kerastune_ft.inference.predict import Predictions

Config = str | os.PathLike[str] | Mapping[str, Any] | RunConfig


@dataclass(frozen=True)
class Run:
    """A run directory with results in it."""

    path: Path
    is_chief: bool = True
    """Whether this process, of several workers, is the one that has the results."""

    @property
    def _directory(self) -> RunDirectory:
        return RunDirectory(self.path)

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Return the final model's metrics by split; empty until the run is evaluated."""
        return self._directory.read_json("metrics.json") if self._directory.exists("metrics.json") else {}

    @property
    def constant(self) -> dict[str, dict[str, float]]:
        """Return by split the metrics of the best predictor that never looks at its input, to be better than."""
        name = "evaluation/constant.json"
        return self._directory.read_json(name) if self._directory.exists(name) else {}

    @property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest: state, versions, devices, results of the phases, hashes of the files."""
        return self._directory.manifest() or {}

    @property
    def history(self) -> pandas.DataFrame:
        """Return a row per phase and epoch."""
        import pandas

        return pandas.read_csv(io.BytesIO(self._directory.read_bytes("history.csv")))

    @property
    def model(self) -> keras.Model:
        """Return the final model: decoded images 0 to 255 of any size in, probabilities out."""
        import keras

        with at_hand(self.path / "model" / "model.keras") as file:
            return keras.models.load_model(file)

    def plot(self) -> Figure:
        """Return the learning curves with a band per phase."""
        from kerastune_ft.reporting.page import curves

        return curves.learning_curves(self.history, self.manifest.get("phases", []))

    def report(self) -> Path:
        """Write report/index.html anew from the files of the run and return its path."""
        target = self._directory
        _settle(target)
        path = write_report(target)
        # By the same object, which knows what it wrote: the page is another one, since it tells when it was updated.
        target.update_manifest()
        return path

    def evaluate(self, data: str | os.PathLike[str] | None = None, split: str | None = None) -> dict[str, float]:
        """Return the metrics of the final model on a split of the run's data, or on a folder of other data."""
        return evaluate(self.path, data=data, split=split)

    def predict(self, inputs: Any, *, input: str | None = None, batch_size: int | None = None) -> pandas.DataFrame:
        """Return the final model's predictions on `inputs`, a row each; see `kerastune_ft.predict`."""
        return predict(self.path, inputs, input=input, batch_size=batch_size)

    def _repr_html_(self) -> str:
        from kerastune_ft.reporting.page import document

        return document.render(self.path)


def run(
    config: Config,
    run_dir: str | os.PathLike[str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    *,
    fresh: bool = False,
    until_phase: str | None = None,
    stop_after: str | float | None = None,
    overrides: Sequence[str] | Mapping[str, Any] = (),
) -> Run:
    """Train all phases of a configuration, evaluate, save, and return the run; again: go on where it stopped.

    `config` is a path, a shipped name, a dict or a RunConfig. Without `run_dir` the newest run of the same
    configuration in `directory` (default: `output.directory`) goes on, or a new one is made. `stop_after` is seconds or
    text such as `3h50m`; `overrides` are texts like `phases.head.epochs=2`, or a dict of path to value.
    Raises the errors of `kerastune_ft.errors`; Interrupted after a stop that loses nothing.

    >>> finished = run("medical", directory="runs")              # doctest: +SKIP
    """
    settings = _config(config, overrides)
    if directory is not None:
        settings = settings.model_copy(
            update={"output": settings.output.model_copy(update={"directory": str(directory)})}
        )
    resume.check_until(settings, until_phase)
    seconds = _seconds(stop_after)
    _require_weights(settings)
    # A run directory in a bucket is asked for through TensorFlow.
    tpu.prepare(settings.runtime.strategy)
    digest = config_hash(settings)
    devices = _engine(settings).devices(settings) if settings.runtime.strategy == "multi_worker" else None
    with contextlib.ExitStack() as held:

        def begin() -> resume.Beginning:
            return resume.begin(settings, digest, run_dir, fresh, held)

        if devices is None:
            beginning = begin()
        else:
            from kerastune_ft.training.devices import workers

            beginning = workers.agreed(devices, begin)
        return _carried_out(beginning, settings, digest, until_phase, seconds)


def _carried_out(
    beginning: resume.Beginning, settings: RunConfig, digest: str, until_phase: str | None, seconds: float | None
) -> Run:
    target = beginning.target
    writer = target.writer
    if not beginning.complete:
        _carry_out(beginning, settings, digest, until_phase, seconds)
    elif writer is not None:
        print(f"run {target} finished before with this configuration", file=sys.stderr)
        if not writer.exists("report/index.html"):
            write_report(writer)
            writer.update_manifest()
    return Run(path_of(str(target)), is_chief=writer is not None)


def _require_weights(settings: RunConfig) -> None:
    """Raise ConfigError for weights that cannot be had, before TensorFlow takes its seconds to import."""
    from kerastune_ft.backbones import imagenet

    backbone = settings.backbone
    if isinstance(backbone, Applications) and backbone.weights == "imagenet":
        imagenet.require(backbone)


def _engine(settings: RunConfig | None = None) -> Any:
    """Import the engine, and TensorFlow with it, without the lines its libraries print before they have a log.

    A TPU is made ready before TensorFlow is imported or not at all; without `settings` none is wanted.
    """
    if "kerastune_ft.training.engine" in sys.modules:
        return sys.modules["kerastune_ft.training.engine"]
    tpu.prepare(settings.runtime.strategy if settings else "none")
    with tensorflow_import():
        from kerastune_ft.training import engine as execute

        # Without a GPU the first look for one makes CUDA complain; a run's own first line says why there is none.
        sys.modules["tensorflow"].config.list_physical_devices()
    return execute


def _seconds(stop_after: str | float | None) -> float | None:
    if isinstance(stop_after, str):
        return parse_duration(stop_after)
    if stop_after is not None and not stop_after > 0:
        raise ConfigError(f"stop_after: {stop_after} is no time at all; give seconds above 0, or text such as 3h50m")
    return stop_after


def _config(config: Config, overrides: Sequence[str] | Mapping[str, Any]) -> RunConfig:
    if isinstance(overrides, Mapping):
        overrides = [f"{path}={json.dumps(value)}" for path, value in overrides.items()]
    if not isinstance(config, str | os.PathLike | Mapping | RunConfig):
        raise ConfigError(f"{config!r} is no configuration; give a path, a shipped name, a dict or a RunConfig")
    if isinstance(config, RunConfig):
        if overrides:
            raise ConfigError("overrides go with a path or a dict, not with a RunConfig")
        return config
    return read(os.fspath(config) if isinstance(config, os.PathLike) else config, overrides)


def _carry_out(
    beginning: resume.Beginning, settings: RunConfig, digest: str, until_phase: str | None, stop_seconds: float | None
) -> None:
    from kerastune_ft.training.interrupts import StopRequest, listening
    from kerastune_ft.training.watch import Watch

    target, writer = beginning.target, beginning.target.writer
    if not target.exists("plan.json"):
        # Written before anything can fail, so that a report can tell of a failure too.
        target.commit_json("config.json", settings.to_json())
        target.update_manifest(state="running", exit_code=None, message="", config_hash=digest)
    # Of several workers the chief tells; the others have nothing else to tell.
    watch = watcher(lambda line: target.append("log.txt", line)) if writer is not None else Watch()
    stop = StopRequest(stop_seconds)
    try:
        with listening(stop), exhaustion_explained():
            # TensorFlow takes seconds to import; everything that can be refused without it has been.
            if _engine(settings).execute(beginning, settings, digest, watch, stop, until_phase) and writer is not None:
                # The report shows the state, so the state comes first; a missing report is written at the next call.
                writer.update_manifest(state="done", exit_code=0, message="")
                write_report(writer)
                writer.update_manifest()
    except BaseException as error:
        watch.close()
        _record_failure(target, error)
        raise
    watch.close()


def _record_failure(target: RunDirectory, error: BaseException) -> None:
    stopped = isinstance(error, Interrupted | KeyboardInterrupt)
    code = Interrupted.exit_code if stopped else error.exit_code if isinstance(error, KerasTuneError) else 1
    state = "interrupted" if stopped else "failed"
    with contextlib.suppress(OSError, ResourceError, ConfigError):
        target.append("log.txt", str(error))
        target.update_manifest(state=state, exit_code=code, message=str(error))


@dataclass(frozen=True)
class PlanView:
    """A plan that was made: `document` is plan.json, and what is found here and now; a notebook shows it as a table."""

    document: Mapping[str, Any]

    def _repr_html_(self) -> str:
        from kerastune_ft.reporting.terminal import tables

        return tables.plan_html(dict(self.document))


def plan(
    config: Config, overrides: Sequence[str] = (), *, measure: bool = False, pictures: str | Path | None = None
) -> PlanView:
    """Resolve a configuration against the real model and data without training a step.

    `pictures` names a .png or .html file to show a few training examples in, as each phase will augment them.
    `measure` times a few chunks of what phases compute or read, and changes no decision.
    """
    settings = _config(config, overrides)
    if pictures is not None:
        from kerastune_ft.preview import contact_sheet

        contact_sheet.check_target(Path(pictures))
    _require_weights(settings)
    with exhaustion_explained():
        engine = _engine(settings)
        session, made, document = engine.planned(settings, lambda line: print(line, file=sys.stderr), measure)
        if pictures is not None:
            from kerastune_ft.preview.augmentations import draw

            draw(session, made, Path(pictures))
    return PlanView(document)


def units(name: Config) -> list[dict[str, Any]]:
    """Return the units of a backbone, input to output: id, parameters, share, output shape, variable paths.

    `name` is an architecture of keras.applications, a class of keras-hub (of which a tiny model is shown), a preset or
    its directory, a configuration, a run directory, or a .keras file.
    """
    from kerastune_ft.backbones.named import backbone_named

    options: Any = backbone_named(name) if isinstance(name, str) else None
    if options is None:
        options = _config(name, ()).backbone
    # Units do not depend on the values of the weights, so nothing is downloaded for them.
    bare = options.model_copy(update={"weights": None}) if isinstance(options, Applications) else options
    return _engine().unit_table(bare)


def _settle(target: RunDirectory) -> None:
    """Write down that a run was killed: its manifest says `running`, and nobody holds its lock."""
    if (target.manifest() or {}).get("state") != "running":
        return
    with contextlib.suppress(ConfigError), target.lock():
        target.update_manifest(state="interrupted", message="the process was killed; the same command goes on")


def open_run(path: str | os.PathLike[str]) -> Run:
    """Return the run in a directory; raises ConfigError when there is none."""
    tpu.prepare("auto" if is_remote(path) else "none")
    if not RunDirectory(path).exists("config.json"):
        raise ConfigError(f"{os.fspath(path)} is no run directory: it has no config.json")
    return Run(path_of(path))


def evaluate(
    run_dir: str | os.PathLike[str], *, data: str | os.PathLike[str] | None = None, split: str | None = None
) -> dict[str, float]:
    """Return the metrics of a run's final model on a split of its data, or on a folder with the same classes.

    `split` is `test` unless told otherwise; other data is evaluated whole, so the two do not go together.
    """
    if data is not None and split is not None:
        raise ConfigError("--split has no effect with --data, which is evaluated whole; give one of them")
    target = RunDirectory(open_run(run_dir).path)
    _require_model(target)
    other = None if data is None else require_data(data, "--data")
    settings = read(target.read_json("config.json"))
    watch = watcher(lambda line: None)
    with exhaustion_explained(), contextlib.closing(watch):
        return _engine(settings).evaluate(target, settings, other, split or "test", watch)


def predict(
    run_dir: str | os.PathLike[str], inputs: Any, *, input: str | None = None, batch_size: int | None = None
) -> pandas.DataFrame:
    """Return predictions of a run's final model, a row each: input, label, probability, probability_<class>; or value.

    `inputs` is a path of an image, a folder, an archive, a table or an .npz file, or a list of them, or a numpy array
    of images 0 to 255, [N, height, width, channels] or a single one. `input` names the column of a table (or a template
    of columns, or the array of an .npz file) where the run's own data does not. What cannot be read is a row with
    `error`.
    """
    import pandas

    with predictions(run_dir, inputs, input=input, batch_size=batch_size) as made:
        return pandas.DataFrame([row for rows in made.batches for row in rows], columns=list(made.columns))


@contextlib.contextmanager
def predictions(
    run_dir: str | os.PathLike[str], inputs: Any, *, input: str | None = None, batch_size: int | None = None
) -> Iterator[Predictions]:
    """Give the rows of `predict` batch by batch, as they are computed; an open binary file has a path per line."""
    target = RunDirectory(open_run(run_dir).path)
    _require_model(target)
    settings = read(target.read_json("config.json"))
    watch = watcher(lambda line: None)
    with exhaustion_explained(), contextlib.closing(watch):
        _engine()
        from kerastune_ft.inference import predict as inference

        yield inference.predict(target, settings, inputs, input, batch_size, watch)


def _require_model(target: RunDirectory) -> None:
    if not target.exists("model/model.keras"):
        raise ConfigError(f"{target} has no model yet; give its run command again to finish it")


def write_report(target: RunDirectory) -> Path:
    """Write report/index.html of a run and return its path."""
    from kerastune_ft.reporting.page import document

    target.commit("report/index.html", document.render(target.path))
    return target.path / "report" / "index.html"
