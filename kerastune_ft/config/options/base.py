"""The base class of all options, and types that they share."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError


class Options(BaseModel):
    """Immutable options with strict types, defaults, and no unknown keys."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True
    )

    def to_json(self) -> Any:
        """Return these options as JSON values, with every default written out."""
        try:
            return self.model_dump(mode="json", by_alias=True)
        except UnicodeEncodeError:
            # A path that is not UTF-8, which pydantic cannot write and the json module can.
            document: dict[str, Any] = json.loads(json.dumps(self.model_dump(mode="python", by_alias=True)))
            return document


class Word(Options):
    """A choice that is written as one word, in a union with objects."""

    word: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {} if value == cls.word else value

    @model_serializer
    def _write(self) -> str:
        return self.word

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"const": cls.word, "description": cls.__doc__}


def problem(message: str, suggestion: str | None = None) -> PydanticCustomError:
    """Return a pydantic error with a message for users."""
    return PydanticCustomError("said", "{message}", {"message": message, "suggestion": suggestion})


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def one_of(choose: Callable[[Any], Hashable], message: str) -> Discriminator:
    """Return a discriminator for a union; tags begin with `@`, so that places can omit them."""
    return Discriminator(choose, custom_error_type="said", custom_error_message=message)


def by_kind(*kinds: str) -> Discriminator:
    """Return a discriminator by the value of the key `kind`."""

    def choose(value: Any) -> str | None:
        kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
        return f"@{kind}" if isinstance(kind, str) else None

    return Discriminator(choose, custom_error_type="kind", custom_error_message=",".join(kinds))


# JSON has lists; an immutable option holds tuples.
ListToTuple = BeforeValidator(_as_tuple)

Texts = Annotated[tuple[str, ...], ListToTuple, Field(min_length=1)]
AnyTexts = Annotated[tuple[str, ...], ListToTuple]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
