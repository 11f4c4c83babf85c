"""Presets of phases: the schedules that `"phases": "head_then_top"` and other names stand for, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kerastune_ft.config.checks.parts import is_number
from kerastune_ft.config.options.updates.optimizers import OptionRule
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError

Phases = list[dict[str, Any]]

AUTO = "auto"
"""The preset whose phases a run chooses by measurement; what it stands for here is what is usual."""

_HEAD = {"name": "head", "unfreeze": "none", "epochs": 5, "learning_rate": 0.001}
# By what the rate of the lowest layer is lower than the head's in ULMFiT: 2.6 for each of four layers.
_ULMFIT_SPAN = 45.7
# The options of fastai's Adam that Keras has by other values.
_FASTAI_ADAM = {"name": "adamw", "beta_2": 0.99, "epsilon": 1e-5}
# fastai's one cycle: from a 25th of the peak, and down to a 100,000th, momentum falling and rising against it.
_DIV, _DIV_FINAL = 25.0, 1e5
_FASTAI_MOMENTUM = [0.95, 0.85, 0.95]


@dataclass(frozen=True)
class Preset:
    """A schedule by name."""

    build: Callable[..., Phases]
    """Returns the phases, given the preset's own options."""
    source: str
    """The paper that the schedule comes from: authors, title, year."""
    options: Mapping[str, OptionRule] = field(default_factory=dict)
    """The keys beside its name that are the preset's own, not those of its phases."""
    required: tuple[str, ...] = ()
    """Options without which it stands for nothing."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Options to show it with, where its name alone is not enough."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Keys of phases that would undo the schedule, with the remedy."""
    for_models_that_write: bool = False
    """Whether it is for language models alone, whose head is the vocabulary: it begins with a unit of the backbone."""
    find_faults: Callable[[Mapping[str, Any]], list[tuple[str, str]]] = lambda options: []
    """Returns what is wrong with options that fit each by itself: the option, and a sentence."""

    def __call__(self, **options: Any) -> Phases:
        """Return the phases of the schedule."""
        return self.build(**options)

    @property
    def description(self) -> str:
        """Return what the schedule is, in a sentence or two."""
        return " ".join(str(self.build.__doc__).split())


def _cosine(peak: float, **more: float) -> dict[str, Any]:
    return {"peak": peak, "shape": "cosine", "warmup": 0.1, **more}


def _linear(peak: float, **more: float) -> dict[str, Any]:
    return {"peak": peak, "shape": "linear", "warmup": 0.1, **more}


def head() -> Phases:
    """Linear probing: only the head trains; the backbone stays unchanged."""
    return [{**_HEAD, "epochs": 10}]


def head_then_top() -> Phases:
    """The head first, then the 30 % of the units nearest to it at a tenth of the rate: the usual choice."""
    top = {"name": "top", "unfreeze": {"fraction": 0.3}, "epochs": 10, "learning_rate": _cosine(0.0001)}
    return [dict(_HEAD), top]


def head_then_all() -> Phases:
    """The head first, then everything at low rates that decrease with the distance from the head; needs more data."""
    rest = {"name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": _cosine(0.00005, unit_decay=0.9)}
    return [dict(_HEAD), rest]


def gradual() -> Phases:
    """Gradual unfreezing: head, a quarter, half, all, each at a lower rate, the deep units slower than the top."""
    steps: list[tuple[str, Any, float]] = [
        ("quarter", {"fraction": 0.25}, 0.0001),
        ("half", {"fraction": 0.5}, 0.00005),
        ("all", "all", 0.00002),
    ]
    later = [
        {"name": name, "unfreeze": unfreeze, "epochs": 5, "learning_rate": _cosine(peak, unit_decay=0.9)}
        for name, unfreeze, peak in steps
    ]
    return [dict(_HEAD), *later]


def linear_probe_then_finetune(l2: float = 0.01) -> Phases:
    """LP-FT: the head set to its optimum by a convex solver, then everything at one low rate from there."""
    probe = {"name": "probe", "unfreeze": "none", "epochs": 200, "optimizer": {"name": "lbfgs", "l2": l2}}
    return [probe, {"name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": _cosine(0.00005)}]


def discriminative() -> Phases:
    """ULMFiT: the head first, then everything, slanted triangular rates that are lower the further from the head."""
    peak = 0.0002
    rates = _linear(peak, start=peak / 32, final=peak / 32, unit_span=_ULMFIT_SPAN)
    return [dict(_HEAD), {"name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": rates}]


def fastai_fine_tune(
    epochs: int = 10,
    freeze_epochs: int = 1,
    base_lr: float = 0.002,
    lr_mult: float = 100.0,
    pct_start: float = 0.3,
    div: float = 5.0,
) -> Phases:
    """fastai's fine_tune: one cycle of the head, then one of everything at half the rate, less near the input."""
    half = base_lr / 2

    def cycle(peak: float, start: float, warmup: float, **more: float) -> dict[str, Any]:
        ends = {"start": peak / start, "final": peak / _DIV_FINAL, "momentum": _FASTAI_MOMENTUM}
        return {"peak": peak, "shape": "one_cycle", "warmup": warmup, **ends, **more}

    shared = {"optimizer": _FASTAI_ADAM}
    return [
        {"name": "frozen", "unfreeze": "none", "epochs": freeze_epochs, **shared,
         "learning_rate": cycle(base_lr, _DIV, 0.99)},
        {"name": "unfrozen", "unfreeze": "all", "epochs": epochs, **shared, "start_from": "last",
         "learning_rate": cycle(half, div, pct_start, **({"unit_span": lr_mult} if lr_mult > 1 else {}))},
    ]  # fmt: skip


def bitfit() -> Phases:
    """BitFit: the head first, then the biases of the backbone and the head, nothing else."""
    return [
        dict(_HEAD),
        {"name": "biases", "unfreeze": "biases", "epochs": 10, "learning_rate": _linear(0.001)},
    ]


def lora() -> Phases:
    """LoRA: the head first, then low-rank adapters of rank 8 and the head; the backbone stays bit-identical."""
    adapters = {"name": "adapters", "unfreeze": "all", "lora": {"rank": 8}, "epochs": 10}
    return [dict(_HEAD), {**adapters, "learning_rate": _linear(0.0005)}]


def last_then_lora() -> Phases:
    """The unit nearest the head first, on stored features; then adapters of rank 8 in the half of the units near it."""
    last = {"name": "last", "unfreeze": {"last": 1}, "epochs": 3, "learning_rate": _linear(0.0002)}
    adapters = {"name": "adapters", "unfreeze": {"fraction": 0.5}, "lora": {"rank": 8}, "epochs": 5}
    return [last, {**adapters, "learning_rate": _linear(0.0002)}]


def surgical() -> Phases:
    """Surgical fine-tuning: the head, then the third nearest the input: for inputs that look unlike the pretrained."""
    rates = _cosine(0.0001, head=0.001)
    first = {"name": "first", "unfreeze": {"first_fraction": 0.33}, "epochs": 10, "learning_rate": rates}
    return [dict(_HEAD), first]


def full() -> Phases:
    """Full fine-tuning: everything from the first step, with warm-up and a falling rate."""
    return [{"name": "all", "unfreeze": "all", "epochs": 10, "learning_rate": _linear(0.0001)}]


def auto(time: str | None = None) -> Phases:
    """Chosen by measurement: linear probes and short trials on your data say what trains, how far and at which rate."""
    head = {"name": "head", "unfreeze": "none", "epochs": 40, "learning_rate": 0.003}
    stops = {"early_stopping": {"patience": 8}}
    top = {"name": "top", "unfreeze": {"fraction": 0.3}, "epochs": 15, "learning_rate": _cosine(0.0002)}
    return [{**head, **stops}, {**top, **stops}]


def unfreeze_at(epochs: int, at: Mapping[str, Any]) -> Phases:
    """One training in which parts join after so many epochs, the weights and the optimizer going on as they are."""
    starts = sorted((int(epoch), unfreeze) for epoch, unfreeze in at.items())
    if starts[0][0] > 0:
        starts.insert(0, (0, "none"))
    ends = [*(start for start, _ in starts[1:]), epochs]
    phases: Phases = []
    for (start, unfreeze), end in zip(starts, ends, strict=True):
        name = "head" if unfreeze == "none" and start == 0 else f"from_{start}"
        rate: Any = 0.001 if unfreeze == "none" else {"peak": 0.0001, "head": 0.001}
        phase = {"name": name, "unfreeze": unfreeze, "epochs": end - start, "learning_rate": rate}
        phases.append(phase | ({"start_from": "last", "carry_optimizer": True} if phases else {}))
    return phases


def _check_epochs(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with the epochs at which parts join."""
    if "at" not in options:
        return []
    starts = [int(key) for key in options["at"]]
    if len(set(starts)) < len(starts):
        return [("at", "two keys are the same epoch; give each its own")]
    if "epochs" in options and max(starts) >= options["epochs"]:
        return [
            ("at", f"what joins after {max(starts)} epochs would never train, since there are {options['epochs']}; "
             'write more "epochs", or an earlier one')
        ]  # fmt: skip
    return []


def _whole(least: int) -> OptionRule:
    return OptionRule(
        f"a whole number of at least {least}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
    )


def _is_duration(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_duration(value) > 0
    except ConfigError:
        return False


_DURATION = OptionRule("a duration, as in 20m", _is_duration)
_ABOVE_ZERO = OptionRule("a number above 0", lambda value: is_number(value) and value > 0)
_AT_LEAST_ONE = OptionRule("a number of at least 1", lambda value: is_number(value) and value >= 1)
_INNER_SHARE = OptionRule("a number between 0 and 1", lambda value: is_number(value) and 0 < value < 1)
_EPOCHS_TO_UNFREEZE = OptionRule(
    'what to unfreeze by the epochs done before, as in {"5": {"last": 2}, "12": "all"}',
    lambda value: isinstance(value, Mapping) and bool(value) and all(key.isdecimal() for key in value),
)

_LP_FT = (
    "Kumar, Raghunathan, Jones, Ma and Liang, Fine-Tuning can Distort Pretrained Features and Underperform "
    "Out-of-Distribution, 2022"
)
_ULMFIT = "Howard and Ruder, Universal Language Model Fine-tuning for Text Classification, 2018"

_LORA = "Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang and Chen, LoRA: Low-Rank Adaptation of Large Language Models, 2021"

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "head": Preset(
            head, "Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016"
        ),
        "head_then_top": Preset(
            head_then_top,
            "Yosinski, Clune, Bengio and Lipson, How transferable are features in deep neural networks?, 2014",
        ),
        "head_then_all": Preset(head_then_all, _LP_FT),
        "gradual": Preset(gradual, _ULMFIT),
        "linear_probe_then_finetune": Preset(
            linear_probe_then_finetune, _LP_FT, {"l2": _ABOVE_ZERO},
        ),
        "discriminative": Preset(discriminative, _ULMFIT),
        "fastai_fine_tune": Preset(
            fastai_fine_tune,
            "Howard and Gugger, fastai: A Layered API for Deep Learning, 2020",
            {
                "epochs": _whole(1), "freeze_epochs": _whole(1), "base_lr": _ABOVE_ZERO, "lr_mult": _AT_LEAST_ONE,
                "pct_start": _INNER_SHARE, "div": _AT_LEAST_ONE,
            },
            instead={"learning_rate": 'write "base_lr": 0.002', "steps": 'write "epochs" and "freeze_epochs"'},
        ),
        "bitfit": Preset(
            bitfit,
            "Ben Zaken, Ravfogel and Goldberg, BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based "
            "Masked Language-models, 2022",
        ),
        "lora": Preset(lora, _LORA),
        "last_then_lora": Preset(
            last_then_lora,
            _LORA,
            for_models_that_write=True,
        ),
        "surgical": Preset(
            surgical,
            "Lee, Chen, Tajwar, Kumar, Yao, Liang and Finn, Surgical Fine-Tuning Improves Adaptation to Distribution "
            "Shifts, 2023",
        ),
        "full": Preset(
            full,
            "Devlin, Chang, Lee and Toutanova, BERT: Pre-training of Deep Bidirectional Transformers for Language "
            "Understanding, 2019",
        ),
        AUTO: Preset(
            auto,
            "Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016; " + _LP_FT,
            {"time": _DURATION},
            instead={
                "learning_rate": "rates are what it tries; remove it, or take another preset",
                "lora": 'write the phases as a list, or "phases": "lora"',
                "steps": 'write "epochs", the most there will be',
            },
        ),
        "unfreeze_at": Preset(
            unfreeze_at,
            _ULMFIT,
            {"epochs": _whole(1), "at": _EPOCHS_TO_UNFREEZE},
            required=("epochs", "at"),
            example={"epochs": 20, "at": {"5": {"last": 2}, "12": "all"}},
            instead={"steps": 'write "epochs", which "at" counts in'},
            find_faults=_check_epochs,
        ),
    }
)  # fmt: skip
