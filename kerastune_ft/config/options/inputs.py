"""Options of several inputs of an example: pictures, a text, and columns of numbers and words of one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, Tag

from kerastune_ft.config.options.base import ListToTuple, Options, one_of

ColumnName = Annotated[str, Field(min_length=1)]
ColumnNames = Annotated[tuple[ColumnName, ...], ListToTuple, Field(min_length=1)]
ColumnPair = Annotated[tuple[ColumnName, ColumnName], ListToTuple]


def _form(value: Any) -> str | None:
    return "@column" if isinstance(value, str) else "@columns" if isinstance(value, list | tuple) else None


Pictures = Annotated[
    Annotated[ColumnName, Tag("@column")] | Annotated[ColumnNames, Tag("@columns")],
    one_of(_form, 'write a column or a template, as "photos/{id}.jpg", or a list of them, as ["left", "right"]'),
]
SeveralTexts = Annotated[
    Annotated[ColumnName, Tag("@column")] | Annotated[ColumnPair, Tag("@columns")],
    one_of(_form, 'write a column, as "notes", or two for a pair of texts'),
]


class InputColumns(Options):
    """`{"image": "photos/{id}.jpg", "text": "notes", "numbers": ["age"], "words": ["ward"]}`: several inputs."""

    image: Pictures | None = Field(
        None,
        description="a column or a template that names a picture, or several for several pictures of an example",
    )
    text: SeveralTexts | None = Field(None, description="a column of texts, or two for a pair of texts")
    numbers: ColumnNames | None = Field(
        None, description="columns of numbers, standardised by the training split; they go to the head"
    )
    words: ColumnNames | None = Field(
        None, description="columns of words, the categories of which are those of the training split"
    )

    @property
    def images(self) -> dict[str, str]:
        """The columns or templates of pictures, by the name of the model's input."""
        if self.image is None or isinstance(self.image, str):
            return {} if self.image is None else {"image": self.image}
        if len(self.image) == 1:
            return {"image": self.image[0]}
        return {f"image_{number}": column for number, column in enumerate(self.image, start=1)}

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of the text, or of the texts of a pair; none without texts."""
        return (self.text,) if isinstance(self.text, str) else self.text or ()

    @property
    def has_columns(self) -> bool:
        """Whether there are numbers or words."""
        return bool(self.numbers or self.words)

    @property
    def every(self) -> tuple[str, ...]:
        """All columns and templates, in the order of the keys."""
        return (*self.images.values(), *self.texts, *(self.numbers or ()), *(self.words or ()))


def input_form(value: Any) -> str | None:
    """Return the tag of the form in which data.input of a table is written."""
    return "@named" if isinstance(value, Mapping | InputColumns) else _form(value)
