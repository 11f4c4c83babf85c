"""Options that select the part of the backbone that a phase trains, before a model exists to resolve them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, Tag

from kerastune_ft.config.options.base import Count, Options, Texts, Word, one_of

FORMS = (
    '"none", "all", {"last": 3}, {"from": "block6"}, {"fraction": 0.3}, {"first": 2}, {"first_fraction": 0.3}, '
    '{"match": ["block6*"]}, {"variables": ["*/kernel"]} or "biases"'
)


class HeadOnly(Word):
    """`"none"`: the backbone stays frozen and only the head trains."""

    word: ClassVar[str] = "none"


class Everything(Word):
    """`"all"`: every unit of the backbone trains."""

    word: ClassVar[str] = "all"


class Biases(Word):
    """`"biases"`: the biases of all units train, and the offsets of their norms; nothing else of the backbone does."""

    word: ClassVar[str] = "biases"


class First(Options):
    """`{"first": n}`: the n units nearest the input train."""

    count: Count = Field(alias="first", description="how many units, counted from the input")


class FirstFraction(Options):
    """`{"first_fraction": f}`: that share of the units, nearest the input and rounded up, trains."""

    share: float = Field(alias="first_fraction", gt=0, le=1, description="the share of units, rounded up")


class Last(Options):
    """`{"last": n}`: the n units nearest the head train."""

    count: Count = Field(alias="last", description="how many units, counted from the head")


class From(Options):
    """`{"from": unit}`: that unit and all nearer the head train."""

    unit: str = Field(alias="from", min_length=1, description="the id of the first unit that trains")


class Fraction(Options):
    """`{"fraction": f}`: that share of the units, nearest the head and rounded up, trains."""

    share: float = Field(alias="fraction", gt=0, le=1, description="the share of units that train, rounded up")


class Match(Options):
    """`{"match": [...]}`: the units whose id matches one of the patterns train."""

    globs: Texts = Field(alias="match", description="patterns of unit ids, as in block[5-7]*")


class Variables(Options):
    """`{"variables": [...]}`: the backbone variables whose path matches one of the patterns train."""

    globs: Texts = Field(alias="variables", description="patterns of variable paths, as in */gamma")


_BY_KEY = {
    "last": Last,
    "from": From,
    "fraction": Fraction,
    "first": First,
    "first_fraction": FirstFraction,
    "match": Match,
    "variables": Variables,
}
_BY_WORD = {word.word: f"@{word.__name__}" for word in (HeadOnly, Everything, Biases)}


def _choose(value: Any) -> str | None:
    if isinstance(value, Options):
        return f"@{type(value).__name__}"
    if isinstance(value, str):
        return _BY_WORD.get(value)
    keys = [key for key in value if key in _BY_KEY] if isinstance(value, Mapping) else []
    return f"@{_BY_KEY[keys[0]].__name__}" if len(keys) == 1 else None


Unfreeze = Annotated[
    Annotated[HeadOnly, Tag("@HeadOnly")]
    | Annotated[Everything, Tag("@Everything")]
    | Annotated[Last, Tag("@Last")]
    | Annotated[From, Tag("@From")]
    | Annotated[Fraction, Tag("@Fraction")]
    | Annotated[First, Tag("@First")]
    | Annotated[FirstFraction, Tag("@FirstFraction")]
    | Annotated[Match, Tag("@Match")]
    | Annotated[Variables, Tag("@Variables")]
    | Annotated[Biases, Tag("@Biases")],
    one_of(_choose, f"write {FORMS}"),
]
