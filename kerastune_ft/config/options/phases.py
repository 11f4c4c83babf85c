"""Options of a phase of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag

from kerastune_ft.config.options.augment import AUGMENT_PRESETS, Augment
from kerastune_ft.config.options.base import Count, NotNegative, Options, Rate, Texts, one_of, problem
from kerastune_ft.config.options.sizes import ImageSize
from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS, SOLVERS, Optimizer
from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.config.options.updates.unfreeze import (
    Biases,
    Everything,
    First,
    FirstFraction,
    Fraction,
    From,
    HeadOnly,
    Last,
    Match,
    Unfreeze,
    Variables,
)
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError

__all__ = [
    "AUGMENT_PRESETS",
    "OPTIMIZER_OPTIONS",
    "Augment",
    "Auto",
    "Biases",
    "EarlyStopping",
    "Everything",
    "First",
    "FirstFraction",
    "Fraction",
    "From",
    "HeadOnly",
    "Last",
    "Lora",
    "Match",
    "Optimizer",
    "Phase",
    "RatePolicy",
    "Retry",
    "Unfreeze",
    "Variables",
]

BelowOne = Annotated[float, Field(ge=0, lt=1)]


class EarlyStopping(Options):
    """Ending a phase before its last epoch."""

    patience: Count = Field(description="epochs without improvement after which the phase ends")
    min_delta: NotNegative = Field(0.0, description="by how much more than this the monitor has to improve")


class Lora(Options):
    """Low-rank adapters on the frozen kernels of the units that `unfreeze` selects; only they and the head train."""

    rank: Count = Field(description="rank of the adapters")
    alpha: Rate | None = Field(None, description="their output is multiplied by alpha / rank; null means the rank")
    targets: Texts | None = Field(
        None,
        description="patterns of paths or names of the layers that get adapters; null means the query and value "
        "projections of attention, or if there are none, all dense layers and 1x1 convolutions",
    )

    @property
    def strength(self) -> float:
        """The value of alpha, by default the rank."""
        return float(self.rank if self.alpha is None else self.alpha)


class Retry(Options):
    """Restarting a phase that diverges."""

    retry: Count = Field(1, description="how often to restart the phase")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.1, description="factor on the learning rate at each retry")


def _weights_form(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return "@map"
    return "@word" if isinstance(value, str) else None


ClassWeights = Annotated[
    Annotated[Literal["balanced"], Tag("@word")] | Annotated[Mapping[str, Rate], Tag("@map")],
    one_of(_weights_form, 'write "balanced", or a map by class, as {"nodule": 2}'),
]


def _accumulate_form(value: Any) -> str:
    return "@word" if isinstance(value, str) else "@number"


Accumulate = Annotated[
    Annotated[Count, Tag("@number")] | Annotated[Literal["auto"], Tag("@word")],
    one_of(_accumulate_form, 'write a number of batches, as in 4, or "auto"'),
]


class Phase(Options):
    """One span of training with one freeze boundary and one rate policy."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="a name of letters, digits, _ and -")
    unfreeze: Unfreeze = Field(description="which part of the backbone trains; the head always does")
    epochs: Count | None = Field(None, description="the maximum number of epochs; give epochs or steps")
    steps: Count | None = Field(None, description="the maximum number of steps; give epochs or steps")
    learning_rate: RatePolicy | None = Field(
        None, description="a number, or a schedule within the phase; null with lbfgs alone, which has none"
    )
    optimizer: Optimizer = Field(Optimizer(), description="a name, or a name with options")
    weight_decay: NotNegative = Field(0.01, description="weight decay; norms, biases and scales of channels have none")
    clip_norm: Rate | None = Field(None, description="largest global norm of the gradient; null means no clipping")
    batch_size: Count = Field(32, description="examples in a batch over all replicas")
    accumulate: Accumulate = Field(
        1, description='batches per update; "auto": one, computed in as many pieces as the memory needs'
    )
    image_size: ImageSize | None = Field(None, description="height and width; null means the backbone's")
    augment: Augment = Field(Augment(), description="a preset, or a preset with operations changed")
    mixup: NotNegative = Field(
        0.0, description="blend each example with another one, in shares from Beta(a, a) for this a; 0 means never"
    )
    cutmix: NotNegative = Field(
        0.0,
        description="paste a rectangle of another image into each one, of an area from Beta(a, a); with mixup too each "
        "gets one of the two",
    )
    label_smoothing: BelowOne = Field(
        0.0,
        description="share of the target that is spread evenly: over all classes, or with several labels over having a "
        "class and not having it",
    )
    loss: PhaseLoss | None = Field(
        None,
        description="the loss that it trains on; null means the task's own, and validation_loss is that one always",
    )
    class_weights: ClassWeights | None = Field(
        None,
        description='factors on the losses of examples that have a class, or "balanced", which makes up for unequal '
        "classes",
    )
    sampling: Literal["balanced"] | None = Field(None, description="draw examples of all classes equally often")
    monitor: str = Field(
        "validation_loss",
        description="the metric that chooses the best epoch, compared in six significant digits; of equals the earlier",
    )
    early_stopping: EarlyStopping | None = Field(None, description="when the phase ends early; null means never")
    start_from: Literal["best", "last", "pretrained"] = Field(
        "best", description="the weights it starts from: the previous phase's best or last epoch, or the source"
    )
    keep_if_better: bool = Field(
        False,
        description="discard the phase's weights unless its best epoch beats, by its monitor, what it began with",
    )
    batch_norm: Literal["frozen", "statistics", "train"] = Field(
        "frozen",
        description="BatchNorm layers of units that train: frozen, update statistics only, or train too",
    )
    dropout: BelowOne | None = Field(None, description="dropout of the head; null means head.dropout")
    ema: BelowOne | None = Field(None, description="decay of the running average of weights; null means none")
    l2_sp: NotNegative = Field(0.0, description="pull towards the pretrained weights")
    lora: Lora | None = Field(None, description="low-rank adapters; null means none")
    carry_optimizer: bool = Field(False, description="keep the optimizer's state of the previous phase")
    on_divergence: Retry | None = Field(
        None, description="how to begin the phase again at NaN or infinity; null means that the run ends"
    )
    cache: Literal["auto", "off", "required"] = Field(
        "auto", description="whether to cache the frozen part's output; auto means runtime.cache"
    )

    @property
    def is_solved(self) -> bool:
        """Whether a solver sets the head to its optimum, instead of updates by batches."""
        return self.optimizer.name in SOLVERS

    @property
    def rate_policy(self) -> RatePolicy:
        """The learning rate of a phase that is trained by batches."""
        assert self.learning_rate is not None
        return self.learning_rate

    @property
    def update_size(self) -> int:
        """The examples of one update: `accumulate` batches, or one batch where that is "auto"."""
        return self.batch_size if self.accumulate == "auto" else self.batch_size * self.accumulate


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except ConfigError as error:
        raise problem(str(error)) from None
    return text


class Auto(Options):
    """Phases that a run chooses by measurement before it trains them; written as `"phases": "auto"`."""

    time: Annotated[str, AfterValidator(_duration)] | None = Field(
        None,
        description="the estimated time that measurements may take, as in 20m; null means a third of the longest "
        "schedule that may be chosen",
    )
    keys: Mapping[str, Any] = Field({}, description="keys of all phases that are set and not chosen")
    chosen: str | None = Field(
        None,
        description="SHA-256 of the phases that were chosen, which stand under phases, and of all that they were "
        "chosen for; null before that",
    )

    @property
    def seconds(self) -> float | None:
        """Return the seconds of `time`, or None."""
        return None if self.time is None else parse_duration(self.time)

    def to_preset(self) -> dict[str, Any]:
        """Return what a user writes under `phases` for it."""
        return {"preset": "auto", **({"time": self.time} if self.time is not None else {}), **self.keys}
