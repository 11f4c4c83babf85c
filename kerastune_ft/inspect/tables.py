"""Looking at a table whose rows name image files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kerastune_ft.config.words import nearest
from kerastune_ft.data.frame import Frame, shown
from kerastune_ft.data.source import counted
from kerastune_ft.data.split_words import SPLIT_OF_WORD
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inspect import columns as kinds
from kerastune_ft.inspect.inputs import NamedImages, named_images
from kerastune_ft.inspect.sight import Sight, classification, divide, put

_TRAIN_SHARE = 0.7
# More rows than this per file is a table of something else, as of boxes.
_ROWS_PER_FILE = 1.2


def look_at_table(frame: Frame, written: str, label: Sequence[str]) -> Sight:
    """Return what a table holds; `label` names its label columns where the user has said so."""
    columns = _texts(frame)
    for name in label:
        if name not in columns:
            near = nearest(name, columns)
            hint = f'; did you mean "{near}"?' if near else ""
            raise ConfigError(f"--label: {frame.path} has no column {name!r}{hint}; it has {shown(list(columns))}")
    images = named_images(frame, columns)
    _refuse_parts(frame, images)
    split = kinds.split_column(columns, {*label})
    taken = {*images.columns, *label} | ({split[0]} if split else set())
    group = kinds.group_column(columns, taken)
    free = {*images.columns} | ({split[0]} if split else set()) | ({group} if group else set())
    names = list(label) or _label(frame, columns, free)
    sight = Sight({}, {"kind": "table", "path": written}, len(frame.numbers), 0, {}, images.files, list(frame.notes))
    put(sight.data, "input", images.input, _input_reason(images, len(frame.numbers)))
    _put_label(sight, columns, names, given=bool(label))
    if group:
        values, rows = counted(len(set(columns[group])), "value"), counted(sight.examples, "row")
        reason = f"{values} in {rows}: all examples of one stay in one split"
        put(sight.data, "group", group, reason)
    _put_splits(sight, columns, split, group)
    _note_gaps(sight, columns, names, images)
    return sight


def _texts(frame: Frame) -> dict[str, list[str]]:
    """Return the columns of plain texts; lists and objects in a cell are nothing a choice could rest on."""
    found = {}
    for name in frame.columns:
        try:
            found[name] = frame.texts(name, "data")
        except DataError:
            continue
    return found


def _refuse_parts(frame: Frame, images: NamedImages) -> None:
    named = sum(map(len, images.rows.values()))
    if images.files and named > _ROWS_PER_FILE * len(images.files):
        raise DataError(
            f"{frame.path} has {counted(named, 'row')} for {counted(len(images.files), 'image')}; the image tasks of "
            "this version take one row per image.\nIf the rows are boxes or several readings, make one row of each "
            "image first: its count, its mean, or its labels with a separator between them."
        )


def _label(frame: Frame, columns: Mapping[str, Sequence[str]], taken: set[str]) -> list[str]:
    found = kinds.label_columns(columns, taken)
    if len(found) > 1 and kinds.say_the_same([columns[name] for name in found]):
        # Codes and names of the same classes: names are what a person reads in tables and reports.
        found = [min(found, key=lambda name: kinds.numbers(columns[name]) is not None)]
    if not found or (len(found) > 1 and not all(kinds.is_flag(columns[name]) for name in found)):
        raise DataError(_unclear(frame, columns, found, taken))
    return found


def _unclear(frame: Frame, columns: Mapping[str, Sequence[str]], found: Sequence[str], taken: set[str]) -> str:
    listed = "\n".join(
        f"  {name}: {counted(len(set(texts)), 'value')}, as {shown(list(dict.fromkeys(texts)), 3)[:80]}"
        for name, texts in list(columns.items())[:30]
        if name not in taken
    )
    which = f"{' and '.join(found)} could each be the label" if found else "no column is plainly the label"
    example = found[0] if found else next((name for name in columns if name not in taken), "finding")
    return (
        f"{frame.path}: {which}. Its columns, without those that name the image, the group or the split:\n"
        f'{listed or "  (none)"}\nSay which it is:  --label "{example}"  (several times for several columns).'
    )


def _input_reason(images: NamedImages, rows: int) -> str:
    found = sum(map(len, images.rows.values()))
    what = "the files this names are there" if images.input not in images.columns else "this column names files"
    return f"{what}: {found:,} of {counted(rows, 'row')}"


def _put_label(sight: Sight, columns: Mapping[str, Sequence[str]], names: Sequence[str], given: bool) -> None:
    said = "as --label says" if given else "chosen by its name and what stands in it"
    if len(names) > 1:
        _put_columns(sight, columns, names, said)
        return
    name, texts = names[0], columns[names[0]]
    mark = kinds.separator(texts)
    if mark:
        label, counts = kinds.several(name, texts, mark)
        sight.counts = dict(sorted(counts.items()))
        sight.task = {"kind": "image_classification"}
        put(sight.task, "multi_label", True, f'cells of "{name}" hold several labels with "{mark}" between them')
        put(sight.data, "label", label, said + (f'; "{label["none"]}" means none of them' if "none" in label else ""))
    elif kinds.are_amounts(texts):
        values = kinds.numbers(texts) or [0.0]
        sight.task = {"kind": "image_regression"}
        reason = f"numbers from {min(values):g} to {max(values):g}, {len(set(values))} different ones; {said}"
        put(sight.data, "label", name, reason)
    else:
        sight.counts = dict(sorted(Counter(filter(None, texts)).items()))
        sight.task = classification(sight.counts)
        put(sight.data, "label", name, said)
        if kinds.numbers(texts) and len(sight.counts) > 2:
            sight.asks.append(
                f'are the {len(sight.counts)} values of "{name}" classes? If they are amounts or grades, write '
                '"kind": "image_regression" in task'
            )


def _put_columns(sight: Sight, columns: Mapping[str, Sequence[str]], names: Sequence[str], said: str) -> None:
    if all(kinds.is_flag(columns[name]) or set(columns[name]) <= {"0", "1", ""} for name in names):
        sight.task = {"kind": "image_classification"}
        put(sight.task, "multi_label", True, "each label has a column of 0 and 1; an example may have several, or none")
        sight.counts = {name: list(columns[name]).count("1") for name in names}
    elif all(kinds.numbers(columns[name]) for name in names):
        sight.task = {"kind": "image_regression"}
    else:
        raise ConfigError(f"--label: several label columns hold 0 and 1, or numbers; {', '.join(names)} do not all")
    put(sight.data, "label", list(names), said)


def _put_splits(
    sight: Sight, columns: Mapping[str, Sequence[str]], split: tuple[str, bool] | None, group: str | None
) -> None:
    sight.train = int(sight.examples * _TRAIN_SHARE)
    if split and split[1]:
        put(sight.data, "splits", {"column": split[0]}, "this column says which examples train")
        sight.train = sum(SPLIT_OF_WORD.get(text.casefold()) == "train" for text in columns[split[0]])
        return
    if split:
        words = sorted(set(columns[split[0]]))
        sight.asks.append(
            f'the column "{split[0]}" holds {shown(words)}; to use it as splits write train, validation and test '
            f'there, and "splits": {{"column": "{split[0]}"}}'
        )
    divide(sight.data, {} if sight.is_multi_label else sight.counts, group)


def _note_gaps(sight: Sight, columns: Mapping[str, Sequence[str]], names: Sequence[str], images: NamedImages) -> None:
    empty = sum(not any(columns[name][row] for name in names) for row in range(sight.examples))
    if images.missing:
        sight.asks.append(
            f"{counted(images.missing, 'row')} name no image that is there; to leave them out, write "
            '"on_missing": "skip" in data'
        )
    if empty:
        sight.asks.append(f"{counted(empty, 'row')} of the table have no label; fill them in or take them out")
