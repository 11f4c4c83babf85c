"""Finished runs as objects: metrics, history, model, predictions, report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft import keras_settings
from kerastune_ft.api.cells import show_in_cell
from kerastune_ft.api.engine import load_engine
from kerastune_ft.api.finished import (
    describe_damage,
    describe_use,
    explain_faults,
    note_kill,
    note_use,
    read_settings,
    require_epochs,
    require_model,
    write_card,
    write_report,
)
from kerastune_ft.api.given.answers import build_answers, give_labels_back, raise_alone, require_file
from kerastune_ft.api.given.data import find_other_data
from kerastune_ft.api.given.names import replace_paths
from kerastune_ft.api.run_figures import RunFigures
from kerastune_ft.api.use.explanations import explain_run
from kerastune_ft.api.use.exports import export_run
from kerastune_ft.api.use.open_model import open_model
from kerastune_ft.config.options.task_facts import BOXES, MASK
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError, DataError, explain_exhaustion
from kerastune_ft.explaining import EXPLAINED
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.metrics.document import Figures
from kerastune_ft.own.objects import gather_objects
from kerastune_ft.quiet_imports import without_remarks_of_sentence_piece
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.reporting.reliability.save import save_figures
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import as_local_file, expand_home, is_remote
from kerastune_ft.streams import say_error
from kerastune_ft.training.devices import tpu
from kerastune_ft.training.judging.questions import NOTHING, Questions, as_texts, read_questions

if TYPE_CHECKING:
    import keras
    import pandas
    from matplotlib.figure import Figure

    from kerastune_ft.inference.predict import Predictions
    from kerastune_ft.training.judging.evaluate_run import Evaluation


class Run(RunFigures):
    """A run directory with results in it."""

    @property
    def model(self) -> keras.Model:
        """Return the final model; model/preprocessing.json says what it takes and gives.

        Raises ConfigError for a run that has none yet.
        """
        with explain_faults(self._directory):
            require_model(self._directory)
        keras_settings.refuse_foreign()
        import keras

        from kerastune_ft.keras_file import describe_newer

        with as_local_file(self.path / "model" / "model.keras") as file, without_remarks_of_sentence_piece():
            try:
                return keras.models.load_model(file)
            except (TypeError, ValueError) as error:
                if newer := describe_newer(file):
                    raise DataError(f"{file} cannot be opened: {newer}") from error
                raise

    def plot(self) -> Figure:
        """Return the learning curves with a band per phase, a matplotlib figure that a notebook shows as a picture.

        Raises ConfigError for a run without an epoch.
        """
        require_epochs(self._directory)
        from kerastune_ft.reporting.page import curves

        with explain_faults(self._directory):
            planned = self._directory.read_json("plan.json")["phases"] if self._directory.exists("plan.json") else []
        return curves.draw_learning_curves(self.history, self.manifest.get("phases", []), planned).put_on_white()

    @show_in_cell
    def report(self) -> Path:
        """Write report/index.html from the files of the run, replacing an earlier one, and return its path."""
        target = self._directory
        with explain_faults(target):
            note_kill(target)
            if damaged := describe_damage(target):
                say_error(f"{target}: {damaged}")
            path = write_report(target, damaged)
            if not damaged and self.manifest.get("state") == "done" and target.exists("model/model.keras"):
                write_card(target)
            # By the same object, which knows that it wrote the page: its content changes with the time of the update.
            # When the run itself was last written stays. A process at work there writes the manifest itself, and must
            # not lose what it wrote meanwhile.
            if describe_use(target) is None:
                updated = (target.manifest() or {}).get("updated")
                target.update_manifest(**({"updated": updated} if updated else {}))
        return path

    @show_in_cell
    def explain(self, examples: int = EXPLAINED) -> dict[str, Any]:
        """Show what answers to `examples` test examples rest on, in the run's report, and return the figures.

        Pictures and spectrograms get heat maps (Grad-CAM), texts the part of each token (integrated gradients). Beside
        them stands the deletion test, which says whether that means anything. Raises ConfigError for models and tasks
        without such pictures.
        """
        found = explain_run(self._directory, examples)
        self.report()
        return found

    @show_in_cell
    def evaluate(
        self,
        data: Any = None,
        split: str | None = None,
        *,
        metrics: Any = None,
        at: str | Sequence[str] = (),
        costs: Any = None,
        coverage: float | None = None,
        by: str | Sequence[str] = (),
        views: int | None = None,
        sample: int | None = None,
        save: str | os.PathLike[str] | None = None,
    ) -> Figures:
        """Return the metrics of the final model on a split of the run's data, or on other data with labels.

        `data` is a folder, a table or an .npz file, a DataFrame with the columns of the run's own, or a tuple of
        examples and labels in the form that the run was trained on. `metrics` are as in `kerastune_ft.run`; those that
        this object was trained with are measured in any case. The others are as in `kerastune_ft.evaluate`.
        """
        known = {} if self._own is None else dict(self._own.metrics)
        more = gather_objects(None, None, metrics)
        return evaluate(
            self.path,
            data=data,
            split=split,
            metrics=known | dict(more.metrics if more else {}),
            at=at,
            costs=costs,
            coverage=coverage,
            by=by,
            views=views,
            sample=sample,
            save=save,
        )

    @show_in_cell
    def predict(
        self,
        inputs: Any,
        *,
        input: str | None = None,
        batch_size: int | None = None,
        top: int | None = None,
        submission: str | os.PathLike[str] | None = None,
        allow_errors: bool = False,
        calibrated: bool = False,
        coverage: float | None = None,
        threshold: float | None = None,
        generate: Mapping[str, Any] | None = None,
    ) -> pandas.DataFrame:
        """Return the final model's predictions on `inputs`, a row each; see `kerastune_ft.predict`."""
        return predict(
            self.path,
            inputs,
            input=input,
            batch_size=batch_size,
            top=top,
            submission=submission,
            allow_errors=allow_errors,
            calibrated=calibrated,
            coverage=coverage,
            threshold=threshold,
            generate=generate,
        )

    @show_in_cell
    def export(
        self,
        format: str,
        output: str | os.PathLike[str] | None = None,
        *,
        samples: int | None = None,
        quantize: str | None = None,
        max_loss: float | None = None,
        calibrated: bool = False,
    ) -> dict[str, Any]:
        """Write the model in a format to `output`, by default the run's `export/<format>`, and return its export.json.

        The folder has all that answers need: the model, the meaning of inputs and outputs, and predict.py. It is
        compared with the run on `samples` of its own examples (100), in a process that has the format's runtime alone.
        Raises PromiseError where answers differ; nothing is written then. `quantize` makes weights smaller, "float16"
        or "dynamic" for whole numbers of 8 bits: what that loses is measured on the whole validation split, and where
        it is more than `max_loss` points (1) nothing is written. With `calibrated` probabilities are those with the
        temperature that validation chose.
        """
        options = {"samples": samples, "quantize": quantize, "max_loss": max_loss, "calibrated": calibrated}
        return export_run(self._directory, format, output, **options)

    def _repr_html_(self) -> str:
        from kerastune_ft.reporting.notebook import card

        return card.render_card(self.path)

    def __repr__(self) -> str:
        from kerastune_ft.reporting.notebook import card

        return card.describe_run(self.path)


def open_run(path: str | os.PathLike[str]) -> Run:
    """Return the run in a directory; raises ConfigError when there is none."""
    tpu.prepare("auto" if is_remote(path) else "none")
    opened = RunDirectory(expand_home(path))
    if not opened.exists("config.json"):
        raise ConfigError(f"{os.fspath(path)} is no run directory: it has no config.json")
    return Run(opened.path)


def evaluate(
    run_dir: str | os.PathLike[str],
    *,
    data: Any = None,
    split: str | None = None,
    metrics: Any = None,
    at: str | Sequence[str] = (),
    costs: Any = None,
    coverage: float | None = None,
    by: str | Sequence[str] = (),
    views: int | None = None,
    sample: int | None = None,
    save: str | os.PathLike[str] | None = None,
) -> Figures:
    """Return the metrics of a run's final model on a split of its data, or on other data with the same classes.

    `data` is a folder, a table or an .npz file, or data in memory as `kerastune_ft.fine_tune` takes them, with labels.
    The result is a dict by name, with their intervals as `intervals`, the number of examples as `examples` and of their
    groups as `groups`. `split` defaults to `test`; other data is evaluated whole, so the two do not go together. The
    run's own data is divided as the run recorded it; what changed in it since is said on standard error. Raises
    DataError where none of the split's examples is there any more. `metrics` are further ones, as in
    `kerastune_ft.run`; those of the run that were given in Python are among the result only where they are given here.

    `details` of the result has calibration, and what else is asked for: `at`, one or several of "specificity=0.9" and
    "sensitivity=0.95", thresholds that reach it on validation; `costs`, a mapping or JSON file of what mistakes cost;
    `coverage`, sets or intervals that hold the truth with this probability; `by`, subgroups by a table's column, by
    "class" or "group"; `views`, the mean answer over so many augmented views of each example; `sample`, answers of a
    model that writes to so many examples, with ROUGE and exact matches or error rates. `save` is a directory for
    predictions, curves, pictures of the worst examples and all figures.
    """
    questions = read_questions(as_texts(at), costs, coverage, as_texts(by), views, save, sample)
    found = evaluation(run_dir, data=data, split=split, metrics=metrics, questions=questions)
    return Figures(found.metrics, found.intervals, found.examples, found.groups, found.details)


def evaluation(
    run_dir: str | os.PathLike[str],
    *,
    data: Any = None,
    split: str | None = None,
    metrics: Any = None,
    questions: Questions = NOTHING,
) -> Evaluation:
    """Return what `evaluate` returns, and whether it is of the examples that the run itself was measured on."""
    if data is not None and split is not None:
        raise ConfigError("--split has no effect with --data, which is evaluated whole; give one of them")
    own = gather_objects(None, None, metrics)
    target = RunDirectory(open_run(run_dir).path)
    watch = create_watcher(lambda line: None)
    with (
        explain_exhaustion(),
        explain_faults(target),
        contextlib.closing(watch),
        contextlib.ExitStack() as held,
    ):
        words: dict[str, str] = {}
        held.enter_context(replace_paths(words))
        other = None if data is None else find_other_data(data, held, words)
        settings = read_settings(target)
        note_use(target, watch)
        if damaged := describe_damage(target):
            say_error(f"{target}: {damaged}")
        load_engine(settings)
        from kerastune_ft.training.judging import evaluate_run

        found = evaluate_run.evaluate(target, settings.with_own(own), other, split or "test", watch, questions)
    if questions.save is not None:
        save_figures(questions.save, found.to_json(), settings.output.examples)
    return found


def predict(
    run_dir: str | os.PathLike[str],
    inputs: Any,
    *,
    input: str | None = None,
    batch_size: int | None = None,
    top: int | None = None,
    submission: str | os.PathLike[str] | None = None,
    allow_errors: bool = False,
    calibrated: bool = False,
    coverage: float | None = None,
    threshold: float | None = None,
    generate: Mapping[str, Any] | None = None,
) -> pandas.DataFrame:
    """Return predictions of a run's final model, a row each: input, label, probability, probability_<class>; or value.

    `inputs` is a path of an image, a folder, an archive, a table or an .npz file; an array or tensor of images as the
    run takes them, [N, height, width, channels] or a single one; a picture of Pillow; a text, or a tuple of two; a
    sound as `{"array": samples, "sampling_rate": 16000}`; a DataFrame; or a list of these. `input` names the column of
    a table or DataFrame (or a template of columns, or the array of an .npz file) where the run's own data does not.
    What cannot be read is a row with `error`; one path alone that is not there raises DataError. A table's own columns
    stand behind `input`. The index is that of a given DataFrame or Series, and labels that are numbers or booleans in
    the run's data, in memory, Parquet or .npz, are so here too. `top` asks for label, probability, label_2,
    probability_2 and so on instead of a column per class; `submission` names a sample submission whose columns and
    rows are returned, and with `allow_errors` its own answers stay where an input cannot be read. With `calibrated`
    probabilities are those with the temperature that validation chose; `coverage`, such as 0.9, adds the classes
    (`set`) or the interval (`low`, `high`) that hold the truth with this probability. `threshold` is the score below
    which boxes are left out, instead of what validation chose for their class. Of a model that writes, inputs are
    questions and a row has its `answer`; `generate` says how, as `{"temperature": 0.7, "max_new_tokens": 50}`, and
    with which `seed`, where that is not to be as in `task.generate`.
    """
    import pandas

    require_file(inputs)
    sample = None if submission is None else os.fsdecode(submission)
    generation = tuple(sorted((generate or {}).items()))
    form = OutputForm(top, sample, allow_errors, calibrated, coverage, generation, threshold)
    with predictions(run_dir, inputs, input=input, batch_size=batch_size, form=form) as made:
        rows = [row for batch in made.batches for row in batch]
    raise_alone(inputs, rows)
    if submission is not None:
        return pandas.DataFrame(rows, columns=list(made.columns))
    target = RunDirectory(open_run(run_dir).path)
    scheme = LabelScheme.from_json(target.read_json("plan.json")["labels"])
    classes = scheme.names if scheme.is_one_class else ()
    return give_labels_back(
        build_answers(rows, made.columns, inputs), (target.manifest() or {}).get("label_type"), classes
    )


@contextlib.contextmanager
def predictions(
    run_dir: str | os.PathLike[str],
    inputs: Any,
    *,
    input: str | None = None,
    batch_size: int | None = None,
    form: OutputForm = PLAIN,
    has_bars: bool = True,
) -> Iterator[Predictions]:
    """Give the rows of `predict` batch by batch, as they are computed; an open binary file has a path per line.

    Without `has_bars` no bar is shown, which would stand in the way of rows on the same terminal.
    """
    target = RunDirectory(open_run(run_dir).path)
    work = "in a prediction", "give a smaller --batch-size, which is 32 by default"
    with open_model(target, *work, has_bars=has_bars) as (settings, watch):
        from kerastune_ft.inference import predict as inference
        from kerastune_ft.inference.memory_inputs import MemoryInputs

        with MemoryInputs() as memory, replace_paths(memory.words):
            yield inference.predict(target, settings, memory.prepare(inputs), input, batch_size, watch, form)


def mask_scheme(run_dir: str | os.PathLike[str]) -> LabelScheme | None:
    """Return the classes of the masks that a run predicts; None for a run that predicts none."""
    return _find_scheme(run_dir, MASK)


def box_scheme(run_dir: str | os.PathLike[str]) -> LabelScheme | None:
    """Return the classes of the boxes that a run predicts; None for a run that predicts none."""
    return _find_scheme(run_dir, BOXES)


def _find_scheme(run_dir: str | os.PathLike[str], kind: str) -> LabelScheme | None:
    target = RunDirectory(open_run(run_dir).path)
    with explain_faults(target):
        labels = target.read_json("plan.json").get("labels", {}) if target.exists("plan.json") else {}
        return LabelScheme.from_json(labels) if labels.get("kind") == kind else None
