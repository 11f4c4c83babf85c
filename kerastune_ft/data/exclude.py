"""Examples that `data.exclude` leaves out of all splits, named by their keys in a CSV file."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.data.splits.recorded import CONTENT, content_key
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted, first_names

KEY, REASON = "input", "reason"
"""The columns of the file that hold keys and why each is left out; further columns are passed over."""
COLUMNS = (KEY, REASON, CONTENT)
"""The columns of the file as `check` writes it."""
_SHOWN = 5


@dataclass(frozen=True)
class Exclusion:
    """The keys that a file leaves out, and where it says so what their examples hold."""

    file: str
    contents: Mapping[str, str]
    """By key, the `content_key` of the example's input; empty where the file has none."""

    @classmethod
    def read(cls, file: str) -> Exclusion:
        """Return what a CSV file with a column `input` leaves out; raise DataError where it cannot be read so."""
        try:
            content = path_of(file).read_bytes().decode("utf-8-sig")
            reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
            columns, rows = list(reader.fieldnames or ()), list(reader)
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            reason = "it is not there" if isinstance(problem, FileNotFoundError) else str(problem)
            raise DataError(
                f"data.exclude: {file} cannot be read: {reason}.\n"
                f"Give a CSV file whose column {KEY} holds keys of examples, as `check` writes it, or remove the key."
            ) from problem
        if KEY not in columns:
            raise DataError(
                f"data.exclude: {file} needs a column {KEY} with the keys of examples, as in splits.csv; it has "
                f"{', '.join(columns) or 'none'}.\nName it so in the first row."
            )
        return cls(file, {row[KEY]: row.get(CONTENT) or "" for row in rows if row[KEY]})

    def find(self, keys: Sequence[str], hashes: Sequence[str]) -> np.ndarray:
        """Return the indices of the examples that are left out, int64 and sorted, given keys and hashes of all inputs.

        Keys that the data does not have are passed over, see `check_known`.
        """
        return np.array([index for index, key in enumerate(keys) if self._names(key, hashes[index])], np.int64)

    def _names(self, key: str, input_hash: str) -> bool:
        content = self.contents.get(key)
        return content is not None and content in ("", content_key(key, input_hash))

    def check_known(self, keys: Sequence[str], hashes: Sequence[str], left_out: Sequence[str]) -> None:
        """Raise DataError for keys that name no example, and for those whose example is another than it was.

        `left_out` are the names of what was found in the data and left out for other reasons.
        """
        known = {*keys, *left_out}
        if unknown := [key for key in self.contents if key not in known]:
            raise DataError(self._explain_unknown(unknown, keys))
        changed = [
            key
            for key, input_hash in zip(keys, hashes, strict=True)
            if key in self.contents and not self._names(key, input_hash)
        ]
        if changed:
            verb = "holds" if len(changed) == 1 else "hold"
            raise DataError(
                f"data.exclude: {counted(len(changed), 'example')} that {self.file} names {verb} something else than "
                f"when the file was written: {first_names(changed, _SHOWN)}.\n"
                f"Run check again, or remove the column {CONTENT} from the file if the keys are still right."
            )

    def _explain_unknown(self, unknown: Sequence[str], keys: Sequence[str]) -> str:
        lines = []
        for key in unknown[:_SHOWN]:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
            lines.append(f"  {key}" + (f"; did you mean {near[0]}?" if near else ""))
        if len(unknown) > _SHOWN:
            lines.append(f"  and {len(unknown) - _SHOWN} more")
        verb = "is no key" if len(unknown) == 1 else "are no keys"
        return (
            f"data.exclude: {counted(len(unknown), 'row')} of {self.file} {verb} of this data:\n"
            + "\n".join(lines)
            + f"\nKeys are those of splits.csv and predictions.csv, as {keys[0]}. Correct the rows, or take them out."
        )


def note_exclusion(file: str, excluded: Mapping[str, int]) -> str:
    """Return the sentence on the examples left out, by the split that they would be in."""
    total = sum(excluded.values())
    by_split = ", ".join(f"{count} of {split}" for split, count in excluded.items() if count)
    verb = "is" if total == 1 else "are"
    return (
        f"excluded: {counted(total, 'example')} that {file} names {verb} in no split ({by_split}); "
        "the others are where they would be without it"
    )
