"""What this version does for examples with one input alone."""

from __future__ import annotations

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError


def need_one_input(config: RunConfig, what: str, instead: str) -> None:
    """Raise ConfigError where examples have several inputs; `instead` says what does take them."""
    if config.data.inputs is not None:
        raise ConfigError(
            f"{what}: the examples of {config.name} have several inputs (data.input), which this version does not take "
            f"here; {instead}"
        )
