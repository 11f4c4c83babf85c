"""The HTML templates of this package, with every value escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting import quantities

if TYPE_CHECKING:
    from jinja2 import Environment

_SPELLINGS = (
    "count",
    "whole",
    "size",
    "share",
    "duration",
    "rate",
    "figure",
    "plain",
    "change",
    "offset",
    "words",
    "moment",
    "cell",
)


def fill(template: str, **values: Any) -> str:
    """Return a template filled in; a value that a run's files lack prints as nothing or a dash."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("kerastune_ft.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(quantities, name) for name in _SPELLINGS})
    return environment
