"""Options of data: its source, its splits, and how inputs are shaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from kerastune_ft.config.options.base import ListToTuple, Options, Share, by_kind, one_of
from kerastune_ft.config.options.inputs import ColumnName, ColumnNames, ColumnPair, InputColumns, input_form
from kerastune_ft.config.options.paths import InputPath
from kerastune_ft.config.options.spectrograms import Rate
from kerastune_ft.wording import first_names

SPLITS = ("train", "validation", "test")
Part = Annotated[float, Field(gt=0, lt=1)]


class Fractions(Options):
    """`{"train": 0.7, "validation": 0.15, "test": 0.15}`: random splits."""

    train: Part = Field(description="share of the examples to train on")
    validation: Part = Field(description="share of the examples to choose the best epoch on")
    test: Share = Field(0.0, description="share of the examples for the final metrics")
    stratify: bool = Field(True, description="whether every split has the same share of each class")
    seed: int = Field(0, ge=0, description="seed of the splits, independent of the run's seed")


class Named(Options):
    """`{"train": "train", "validation": "val", "test": "test"}`: existing splits, by name."""

    train: str = Field(min_length=1, description="name of the training split")
    validation: str | None = Field(None, description="name of the validation split; null means 15 % of train")
    test: str | None = Field(None, description="name of the test split; null means none")


TableNames = (
    Annotated[str, Field(min_length=1)]
    | Annotated[tuple[Annotated[str, Field(min_length=1)], ...], ListToTuple, Field(min_length=1)]
)


class NamedTables(Options):
    """`{"validation": "val.csv", "test": "test.csv"}`: tables beside that of `path`, or in the folder it names."""

    train: TableNames | None = Field(None, description="the table to train on, or several; null means that of path")
    validation: TableNames | None = Field(None, description="the table of validation; null means 15 % of train")
    test: TableNames | None = Field(None, description="the table of the test split; null means none")

    @property
    def by_split(self) -> dict[str, tuple[str, ...]]:
        """The names of the tables of each split that has some."""
        given = {"train": self.train, "validation": self.validation, "test": self.test}
        return {
            split: (names,) if isinstance(names, str) else names for split, names in given.items() if names is not None
        }


class Column(Options):
    """`{"column": c}`: a column that holds train, validation or test."""

    column: str = Field(min_length=1, description="the column")


class File(Options):
    """`{"file": splits.csv}`: the splits of another run."""

    file: InputPath = Field(description="splits.csv of another run")


class Folds(Options):
    """`{"folds": 5, "fold": 0}`: cross-validation."""

    folds: Annotated[int, Field(ge=2)] = Field(description="number of folds")
    fold: int = Field(ge=0, description="the fold used for validation, counted from 0")
    test: Share = Field(0.0, description="share of the examples for the test split")
    stratify: bool = Field(True, description="whether every split has the same share of each class")


SHARES = '{"train": 0.7, "validation": 0.15, "test": 0.15}'
SPLIT_FORMS = f'shares like {SHARES}, or names like {{"train": "train", "validation": "validation", "test": "test"}}'


def _choose(value: Any) -> str | None:
    if isinstance(value, Options):
        return f"@{type(value).__name__}"
    if not isinstance(value, Mapping):
        return None
    for key, tag in (("column", "@Column"), ("file", "@File"), ("folds", "@Folds"), ("fold", "@Folds")):
        if key in value:
            return tag
    shares = [value[split] for split in SPLITS if split in value]
    if any(isinstance(share, str | list | tuple) for share in shares):
        return "@Named"
    return "@Fractions" if value else None


Splits = Annotated[
    Annotated[Fractions, Tag("@Fractions")]
    | Annotated[Named, Tag("@Named")]
    | Annotated[Column, Tag("@Column")]
    | Annotated[File, Tag("@File")]
    | Annotated[Folds, Tag("@Folds")],
    one_of(_choose, f"write {SPLIT_FORMS}"),
]


TableSplits = Annotated[
    Annotated[Fractions, Tag("@Fractions")]
    | Annotated[NamedTables, Tag("@Named")]
    | Annotated[Column, Tag("@Column")]
    | Annotated[File, Tag("@File")]
    | Annotated[Folds, Tag("@Folds")],
    one_of(
        lambda value: "@Named" if isinstance(value, NamedTables) else _choose(value),
        f'write shares like {SHARES}, a column as {{"column": "split"}}, or tables as {{"test": "test.csv"}}',
    ),
]


class Tiles(Options):
    """`{"size": 512, "overlap": 0.25}`: large pictures are cut into overlapping tiles."""

    size: Annotated[int, Field(ge=16, le=16384)] = Field(description="pixels of a picture that a side of a tile has")
    overlap: Annotated[float, Field(ge=0, le=0.75)] = Field(
        0.25, description="the share of its side that a tile has in common with the next one"
    )


class _Source(Options):
    """Options that all kinds of data share."""

    kind: str = Field(description="the kind of source")
    splits: Splits | None = Field(None, description="the splits; null means the default rule")
    resize: Literal["crop", "pad", "stretch"] = Field(
        "crop",
        description="how images are brought to the backbone's shape; with image_segmentation the default is stretch, "
        "with object_detection pad",
    )
    tiles: Tiles | None = Field(
        None,
        description="of image_segmentation: the tiles that pictures are cut into, in training and prediction; null "
        "means that whole pictures are brought to the backbone's shape",
    )
    intensity: Literal["auto"] | Annotated[tuple[float, float], ListToTuple] = Field(
        "auto", description="the range of pixel values that is mapped to 0-255; auto keeps 8-bit images unchanged"
    )
    exif: Literal["apply", "ignore"] = Field(
        "apply", description="whether photos are turned and mirrored as EXIF says, as viewers do, or used as stored"
    )
    window: Annotated[tuple[float, Annotated[float, Field(ge=1)]], ListToTuple] | None = Field(
        None,
        description="of DICOM files: centre and width of the window that becomes 0-255; null means each file's own",
    )
    sequence_length: Annotated[int, Field(ge=8)] | None = Field(
        None,
        description="most tokens of a text, or of a window of it; null means the longest text, up to the backbone's",
    )
    target_length: Annotated[int, Field(ge=8)] | None = Field(
        None,
        description="of summarization and speech_recognition: most tokens of a text to write, special ones included; "
        "null means the longest there is, up to the backbone's",
    )
    long_texts: Literal["cut", "windows"] = Field(
        "cut",
        description="what becomes of texts longer than sequence_length: they are cut, or read in windows of that "
        "length, over which the features are averaged",
    )
    seconds: Annotated[float, Field(gt=0, le=600)] | None = Field(
        None,
        description="the length of a sound; shorter ones are padded with silence, longer ones cut; null means a length "
        "that 95 % of the training examples do not exceed",
    )
    sample_rate: Rate | None = Field(
        None, description="the sample rate that sounds are converted to; null means the backbone's, else 16000"
    )
    on_bad_file: Literal["error", "skip"] = Field("error", description="what to do with a file that cannot be read")
    on_missing: Literal["error", "skip"] = Field("error", description="what to do with a missing file or an empty text")
    exclude: InputPath | None = Field(
        None,
        description="a CSV file whose column input names examples that are in no split, as check writes it; the others "
        "stay in their splits",
    )

    @property
    def inputs(self) -> InputColumns | None:
        """The inputs by name, where an example has several; None where it has one."""
        return None


class PatternGroup(Options):
    """`{"pattern": regex}`: the group of a file, from its path."""

    pattern: str = Field(description="a regular expression with one group, matched against the relative path")


class FolderData(_Source):
    """A folder with one sub-folder per class."""

    kind: Literal["folder"] = Field("folder", description="the kind of source")
    path: InputPath = Field(description="the folder, or a .zip or .tar of it")
    input: ColumnName | None = Field(
        None,
        description="of image_segmentation and object_detection: the sub-folder of the images; null means images",
    )
    label: ColumnName | None = Field(
        None,
        description="of image_segmentation: the sub-folder of the masks, or a template of their paths, as "
        '"annotations/{stem}_mask.png"; null means masks. Of object_detection: the sub-folder of the annotations; null '
        "means annotations or labels",
    )
    annotations: Literal["auto", "voc", "coco", "yolo", "boxes"] = Field(
        "auto",
        description="of object_detection: the format of the boxes: XML files as of Pascal VOC, JSON as of COCO, text "
        "files as of YOLO, or tables with a row for each box; auto means the one that is there. Of image_segmentation "
        "coco, whose outlines are drawn as masks",
    )
    group: PatternGroup | None = Field(None, description="groups of files that must stay in one split")

    @property
    def place(self) -> str:
        """The folder as messages name it."""
        return str(self.path)


class MultipleLabels(Options):
    """`{"column": "findings", "separator": "|", "none": "normal"}`: several labels in a cell."""

    column: str = Field(min_length=1, description="the column")
    separator: str = Field(",", min_length=1, description="the text between labels")
    none: str | None = Field(None, description="the text that means no label; an empty text means empty cells")


def _label_form(value: Any) -> str | None:
    if isinstance(value, str):
        return "@column"
    if isinstance(value, list | tuple):
        return "@columns"
    return "@several" if isinstance(value, Mapping | MultipleLabels) else None


Label = Annotated[
    Annotated[ColumnName, Tag("@column")]
    | Annotated[ColumnNames, Tag("@columns")]
    | Annotated[MultipleLabels, Tag("@several")],
    one_of(
        _label_form,
        'write a column, as "finding", several, as ["edema", "nodule"], or {"column": "findings", "separator": "|"}',
    ),
]


def _path_form(value: Any) -> str | None:
    return "@path" if isinstance(value, str) else "@paths" if isinstance(value, list | tuple) else None


TablePaths = Annotated[
    Annotated[InputPath, Tag("@path")]
    | Annotated[Annotated[tuple[InputPath, ...], ListToTuple, Field(min_length=1)], Tag("@paths")],
    one_of(_path_form, 'write a table, as "cases.csv", or several, as ["a.csv", "b.csv"] or "data/*.csv"'),
]


TableInput = Annotated[
    Annotated[ColumnName, Tag("@column")]
    | Annotated[ColumnPair, Tag("@columns")]
    | Annotated[InputColumns, Tag("@named")],
    one_of(
        input_form,
        'write a column, as "file", a template, as "images/{image_id}.png", two columns for a pair of texts, or '
        'several inputs, as {"image": "photos/{id}.jpg", "numbers": ["age"]}',
    ),
]


class TableData(_Source):
    """A table with a row per example."""

    kind: Literal["table"] = Field("table", description="the kind of source")
    path: TablePaths = Field(
        description="a CSV, TSV, JSONL, Parquet or .xlsx file, read as text; several, or a pattern of names, are read "
        "as one; a folder gives its tables train, validation and test"
    )
    splits: TableSplits | None = Field(  # type: ignore[assignment]
        None, description="the splits, or the tables of each, relative to path; null means the default rule"
    )
    input: TableInput = Field(
        description="a column or a template of columns that names a file relative to the table, as "
        '"images/{image_id}.png"; two columns for a pair of texts; several inputs by name'
    )
    label: Label | None = Field(
        None,
        description="a column, a list of 0/1 columns (or of values), or a column of several labels; of causal_lm null "
        "means that input holds dialogues with their answers, or texts that are learnt whole",
    )
    boxes: Annotated[tuple[ColumnName, ColumnName, ColumnName, ColumnName], ListToTuple] | None = Field(
        None,
        description="of object_detection, whose tables have a row for each box: the columns of the left, upper, right "
        "and lower edge; null means xmin, ymin, xmax, ymax",
    )
    group: ColumnName | None = Field(None, description="the column of groups that must stay in one split")

    @property
    def inputs(self) -> InputColumns | None:
        """The inputs by name, where an example has several; None where it has one."""
        return self.input if isinstance(self.input, InputColumns) else None

    @property
    def input_columns(self) -> tuple[str, ...]:
        """Every column and template that inputs are read from."""
        if isinstance(self.input, InputColumns):
            return self.input.every
        return (self.input,) if isinstance(self.input, str) else self.input

    @property
    def place(self) -> str:
        """The tables as messages name them."""
        return self.path if isinstance(self.path, str) else first_names(self.path, 4)


class TfdsData(_Source):
    """A data set of TensorFlow Datasets."""

    kind: Literal["tfds"] = Field("tfds", description="the kind of source")
    name: str = Field(min_length=1, description="name of the data set, with config and version where needed")
    data_dir: InputPath | None = Field(None, description="the folder of prepared data sets; null means TFDS' default")
    input: ColumnName | Annotated[tuple[ColumnName, ColumnName], ListToTuple] | None = Field(
        None, description="feature that is the input, or two for a pair of texts; null means the supervised key"
    )
    label: str | None = Field(None, description="feature that is the label; null means the supervised key")
    group: str | None = Field(None, description="the feature of groups that must stay in one split")


class ArraysData(_Source):
    """Arrays in an .npz file."""

    kind: Literal["arrays"] = Field("arrays", description="the kind of source")
    path: InputPath = Field(description="the .npz file")
    x: str = Field("x", min_length=1, description="name of the array of inputs")
    y: str = Field("y", min_length=1, description="name of the array of labels")
    group: str | None = Field(None, description="the array of groups that must stay in one split")


Data = Annotated[
    Annotated[FolderData, Tag("@folder")]
    | Annotated[TableData, Tag("@table")]
    | Annotated[TfdsData, Tag("@tfds")]
    | Annotated[ArraysData, Tag("@arrays")],
    by_kind("folder", "table", "tfds", "arrays"),
]


SPLITS = ("train", "validation", "test")
