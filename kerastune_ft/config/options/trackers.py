"""Options of the experiment trackers that receive what a run reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, Tag

from kerastune_ft.config.options.base import ListToTuple, Options, by_kind, problem
from kerastune_ft.config.words import unknown_message

KINDS = ("tensorboard", "mlflow", "wandb")
Name = Annotated[str, Field(min_length=1)]


def _refuse_password(uri: str) -> str:
    """Refuse a password: the run writes its configuration down."""
    try:
        has_password = urlsplit(uri).password is not None
    except ValueError:
        has_password = False
    if has_password:
        raise problem(
            "the address has a password, and a run writes its configuration down; take it out, and give "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment"
        )
    return uri


class Tensorboard(Options):
    """Event files in the run directory, for TensorBoard; nothing needs to be installed."""

    kind: Literal["tensorboard"] = Field("tensorboard", description="which tracker")


class Mlflow(Options):
    """A run in MLflow: on a server, or in a database of SQLite."""

    kind: Literal["mlflow"] = Field("mlflow", description="which tracker")
    uri: Annotated[Name, AfterValidator(_refuse_password)] | None = Field(
        None, description="the tracking server or database; null means $MLFLOW_TRACKING_URI, else MLflow's own default"
    )
    experiment: Name | None = Field(
        None, description="the experiment, made where there is none; null means $MLFLOW_EXPERIMENT_NAME, else Default"
    )


class Wandb(Options):
    """A run in Weights & Biases."""

    kind: Literal["wandb"] = Field("wandb", description="which tracker")
    project: Name | None = Field(None, description="the project; null means $WANDB_PROJECT, else the name of the run")
    entity: Name | None = Field(None, description="the user or team; null means $WANDB_ENTITY, else your own")
    mode: Literal["online", "offline"] | None = Field(
        None,
        description='whether to send, or to keep files for "wandb sync"; null means $WANDB_MODE, else online',
    )


def _from_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in KINDS:
        raise problem(*unknown_message(value, KINDS, "tracker"))
    return {"kind": value}


def _refuse_twice(trackers: tuple[Any, ...]) -> tuple[Any, ...]:
    kinds = [each.kind for each in trackers]
    if twice := {kind for kind in kinds if kinds.count(kind) > 1}:
        raise problem(f'"{min(twice)}" is named twice; name each tracker once')
    return trackers


Tracker = Annotated[
    Annotated[
        Annotated[Tensorboard, Tag("@tensorboard")]
        | Annotated[Mlflow, Tag("@mlflow")]
        | Annotated[Wandb, Tag("@wandb")],
        by_kind(*KINDS),
    ],
    BeforeValidator(_from_name),
]
Trackers = Annotated[tuple[Tracker, ...], ListToTuple, AfterValidator(_refuse_twice)]


def drop_earlier_key(output: Any) -> Any:
    """Return the options of `output` without the key that `trackers` replaced, where it asks for nothing."""
    if isinstance(output, Mapping) and output.get("tensorboard", True) is False:
        return {key: value for key, value in output.items() if key != "tensorboard"}
    return output
