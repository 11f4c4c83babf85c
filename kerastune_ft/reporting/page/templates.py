"""Renders the HTML templates of reports and plans; every value is escaped."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from kerastune_ft.reporting import quantities
from kerastune_ft.reporting.comparison_words import write_difference

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_FILTERS = (
    "count",
    "whole",
    "size",
    "share",
    "duration",
    "rate",
    "figure",
    "threshold",
    "interval",
    "plain",
    "change",
    "offset",
    "words",
    "local",
    "cell",
)


# After these a line may be broken in a name, and before a capital letter that follows a small one.
_BREAK = re.compile(r"(?<=[_/.,|-])(?=[^\W_])|(?<=[a-z])(?=[A-Z])")


def break_name(name: object) -> Markup:
    """Return the name of a class or column as HTML that is broken over lines only where its words end."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _BREAK.split(str(name)))


def render(template: str, **values: Any) -> str:
    """Return a template with its values; one that the files of a run lack prints as nothing or a dash."""
    return _create_environment().get_template(template).render(**values)


@cache
def _create_environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("kerastune_ft.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(quantities, f"format_{name}") for name in _FILTERS})
    environment.filters["breakable"] = break_name
    environment.filters["difference"] = write_difference
    return environment
