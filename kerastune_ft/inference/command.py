"""The command `predict` around the predictions: checks its arguments, reads standard input and writes rows."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kerastune_ft import streams
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.output.boxes import BoxFolder, find_other_photo
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.output.masks import TABLE, MaskFolder, find_other_picture
from kerastune_ft.inference.output.rows import choose_form, make_row_writer, open_whole_file
from kerastune_ft.inference.output.submission import read_sample
from kerastune_ft.rundir import refuse_inside_run
from kerastune_ft.storage import expand_home, is_remote

if TYPE_CHECKING:
    from kerastune_ft.inference.predict import Predictions

_STANDARD_INPUT = "-"


@dataclass(frozen=True)
class WriteSummary:
    """The number of inputs that a command had, and of those that could not be read."""

    inputs: int
    errors: int
    output: str | None
    keeps_answers: bool = False
    """Whether inputs that could not be read have the answer of a sample submission."""

    def __str__(self) -> str:
        if not self.inputs:
            return "there was no input at all"
        place = f" in {self.output}" if self.output else ""
        unread = f"{self.errors} of {self.inputs} inputs could not be read"
        bad = (
            f"{unread} and kept the sample's answer" if self.keeps_answers else f"{unread}; see the column error{place}"
        )
        good = f"predictions for {self.inputs - self.errors} of {self.inputs} inputs{place}"
        return bad if self.errors == self.inputs else f"{good}; {bad}" if self.errors else good


def check_arguments(
    inputs: Sequence[str],
    output: str | None,
    form: str | None,
    as_json: bool,
    has_masks: bool = False,
    form_of_rows: OutputForm = PLAIN,
    has_boxes: bool = False,
) -> str:
    """Return the format to write, such as "csv"; raise ConfigError for arguments that exclude each other.

    With `has_masks` predictions are masks, which are written into the folder `output`; with `has_boxes` they are boxes,
    which may be. `form_of_rows` is what rows are to hold.
    """
    form_of_rows.check()
    if inputs.count(_STANDARD_INPUT) > 1:
        raise ConfigError("- is given twice, and standard input can be read once; give it once")
    if has_masks:
        if form_of_rows.submission is not None:
            raise ConfigError("--submission: predictions of this run are masks, which are no cells of a table")
        _check_folder(output, form, inputs)
        return "csv"
    if has_boxes and form_of_rows.submission is not None:
        raise ConfigError("--submission: predictions of this run are boxes, of which a picture may have any number")
    if has_boxes and is_folder(output):
        _check_folder(output, form, inputs, "boxes")
        return "csv"
    if output is not None:
        if form is not None:
            raise ConfigError("--format is for standard output; the end of --output's name says what is written there")
        if not is_remote(output):
            _refuse_inputs(output, [*inputs, *([form_of_rows.submission] if form_of_rows.submission else [])])
        return choose_form(output, read_sample(form_of_rows.submission) if form_of_rows.submission else None)
    if form is not None and as_json:
        raise ConfigError("--format has no effect with --json, which prints one JSON array; give one of them")
    return "json" if as_json else form or "csv"


def _refuse_inputs(output: str, inputs: Sequence[str]) -> None:
    if _STANDARD_INPUT in inputs:
        # As in  predict RUN - < texts.csv
        with contextlib.suppress(OSError, ValueError):
            if os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(output)):
                raise ConfigError(f"--output: {output} is standard input too, which would be lost; name another file")
    for given in inputs:
        # Names may differ, as with links and on file systems without upper case.
        with contextlib.suppress(OSError, ValueError):
            if os.path.samefile(expand_home(given), output):
                raise ConfigError(f"--output: {output} is an input too, which would be lost; name another file")


# By what is written, the finder of pictures in a folder that it could replace, of the same ending.
_FIND_OTHERS: Mapping[str, Callable[[Path], str | None]] = {"masks": find_other_picture, "boxes": find_other_photo}


def is_folder(output: str | None) -> bool:
    """Return whether pictures are written: where the output's name has no ending, as a folder's."""
    return output is not None and (not Path(output).suffix or Path(output).is_dir())


def _check_folder(output: str | None, form: str | None, inputs: Sequence[str], noun: str = "masks") -> None:
    if output is None:
        raise ConfigError(f"--output: predictions of this run are {noun}; name the folder to write them to")
    if form is not None:
        raise ConfigError(
            f"--format has no effect on {noun}, which are pictures with a table beside them; leave it out"
        )
    if is_remote(output):
        raise ConfigError(f"--output: {output} is not on this machine; name a local folder, and copy it")
    if Path(output).suffix or Path(output).is_file():
        raise ConfigError(f"--output: {output} is the name of a file, and {noun} go into a folder; name one")
    if any(Path(given).is_dir() and Path(output).is_dir() and Path(given).samefile(output) for given in inputs):
        raise ConfigError(
            f"--output: {output} is an input too, and {noun} would lie among its images; name another folder"
        )
    refuse_inside_run(output, "--output")
    if kept := _FIND_OTHERS[noun](Path(output)):
        raise ConfigError(
            f"--output: {output} has pictures that are no predictions in it, such as {kept}, which {noun} could "
            "replace; name another folder"
        )


def open_standard_input(inputs: Sequence[str]) -> list[Any]:
    """Return the inputs with the open standard input in place of `-`."""
    return [sys.stdin.buffer if text == _STANDARD_INPUT else text for text in inputs]


class _Folder(Protocol):
    """Writes what is no cell of a table into files of its own."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Write the files of these rows and return the rows with the files' names."""

    def close(self) -> None:
        """Write what is known after the last row."""


_FOLDERS: Mapping[str, Callable[[Path, LabelScheme], _Folder]] = {
    "mask": MaskFolder,
    "boxes": lambda folder, scheme: BoxFolder(folder, scheme.names),
}


def write_rows(
    made: Predictions,
    output: str | None,
    form: str,
    scheme: LabelScheme | None = None,
    form_of_rows: OutputForm = PLAIN,
) -> WriteSummary:
    """Write rows of predictions to a file or to standard output as they are computed, and count their inputs.

    With a `scheme` rows have masks or boxes, which go into the folder `output` together with the table of rows.
    `form_of_rows` is what the rows were made for.
    """
    batches = made.batches
    # A submission may be refused when all its rows are made, and then nothing of it is written, not even its columns.
    first = [next(batches, [])] if form_of_rows.submission else []
    folder = None if scheme is None or output is None else _FOLDERS[scheme.kind](Path(output), scheme)
    file = output if folder is None else str(Path(output or "") / TABLE)
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(open_whole_file(file)) if file else sys.stdout.buffer
        writer = make_row_writer(form, stream, made.columns)
        for rows in itertools.chain(first, batches):
            if not file:
                streams.require_reader()
            writer.write(rows if folder is None else folder.write(rows))
        writer.close()
    # Files that are not complete yet may have one name, so that there is one at a time.
    if folder is not None:
        folder.close()
    return WriteSummary(made.counts.inputs, made.counts.errors, output, form_of_rows.submission is not None)
