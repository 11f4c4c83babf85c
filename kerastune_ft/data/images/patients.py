"""The groups of DICOM files: one for each patient, so that no patient and no study stands in two splits.

Identifiers are read for this and forgotten; groups are called by numbers.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from kerastune_ft import storage
from kerastune_ft.data.images.dicom import is_dicom, read_identity
from kerastune_ft.data.inputs import DefaultGroups
from kerastune_ft.wording import counted

_HEAD = 256
_PATIENT, _STUDY = "patient", "study"


def group_by_patient(paths: Sequence[str]) -> DefaultGroups | None:
    """Return the groups of image files, or None where none of them is DICOM.

    Files of one patient are one group, as are those of one study whatever patient they name. Where all name the same
    patient, as anonymised files may, studies are the groups. Any other file is a group of its own.
    """
    identities = [_read_identity(path) for path in paths]
    known = [each for each in identities if each is not None]
    if not known:
        return None
    patients = {each[_PATIENT] for each in known if each[_PATIENT]}
    studies = {each[_STUDY] for each in known if each[_STUDY]}
    is_one_name = len(patients) == 1 and len(studies) > 1 and all(each[_PATIENT] for each in known)
    kinds = (_STUDY,) if is_one_name or not patients else (_PATIENT, _STUDY)
    roots = _join([[(kind, each[kind]) for kind in kinds if each and each[kind]] for each in identities])
    numbers: dict[int, int] = {}
    word = "study" if kinds == (_STUDY,) else "patient"
    groups = [f"{word} {numbers.setdefault(root, len(numbers) + 1)}" for root in roots]
    return DefaultGroups(groups, (_explain(len(numbers), word, is_one_name),))


def _explain(count: int, word: str, is_one_name: bool) -> str:
    by = "PatientID" if word == _PATIENT else "StudyInstanceUID"
    why = ", since all files name one patient" if is_one_name else ""
    plural = f"{count:,} studies" if word == _STUDY and count != 1 else counted(count, word)
    return (
        f"groups: {plural} by the {by} of DICOM{why}, none of which stands in two splits; they are called by numbers, "
        "and no identifier is written anywhere (data.group asks for other groups)"
    )


def _read_identity(path: str) -> dict[str, str] | None:
    """Return the identity of a DICOM file; None for another file, or one that cannot be read."""
    try:
        # Of a local file the header alone is read.
        with io.BytesIO(storage.read(path)) if storage.is_remote(path) else open(path, "rb") as file:
            head = file.read(_HEAD)
            file.seek(0)
            return dict(read_identity(file)) if is_dicom(head) else None
    except (OSError, ValueError):
        return None


def _join(marks: Sequence[Sequence[tuple[str, str]]]) -> list[int]:
    """Return for each file the first of those that it shares a mark with, directly or through others."""
    parent = list(range(len(marks)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[tuple[str, str], int] = {}
    for index, found in enumerate(marks):
        for mark in found:
            one, other = root(first.setdefault(mark, index)), root(index)
            parent[max(one, other)] = min(one, other)
    return [root(index) for index in range(len(marks))]
