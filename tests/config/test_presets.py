from __future__ import annotations

import re

import pytest

from kerastune_ft.config.options.phases import Everything, Fraction, HeadOnly, Last
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.read import read
from kerastune_ft.training.plan.schedules import rate_table
from tests.support.config_cases import MINIMAL, messages

WRITTEN = {
    name: {"preset": name, "epochs": 20, "at": {"5": {"last": 2}, "12": "all"}} if preset.required else name
    for name, preset in PRESETS.items()
}
# Presets that begin with everything, and those whose later phases rise again.
WHOLE = ("full", "last_then_lora")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_schedules_with_a_source_that_begin_with_the_head(name: str) -> None:
    config = read({**MINIMAL, "phases": WRITTEN[name]})
    preset = PRESETS[name]
    options = {key: value for key, value in WRITTEN[name].items() if key != "preset"} if preset.required else {}
    assert config.phases == read({**MINIMAL, "phases": preset(**options)}).phases
    assert (config.phases[0].unfreeze == HeadOnly()) == (name not in WHOLE)
    assert preset.description.endswith(".")
    # Authors, title, year.
    assert re.fullmatch(r"[A-Z].+, (19|20)\d\d", preset.source)


@pytest.mark.parametrize("name", ["head", "head_then_top", "head_then_all", "gradual"])
def test_what_was_shipped_falls_from_phase_to_phase(name: str) -> None:
    peaks = [phase.rate_policy.peak for phase in read({**MINIMAL, "phases": name}).phases]
    assert peaks == sorted(peaks, reverse=True)


def test_the_head_of_lp_ft_is_solved_and_its_penalty_an_option() -> None:
    probe, rest = read({**MINIMAL, "phases": {"preset": "linear_probe_then_finetune", "l2": 0.02, "epochs": 3}}).phases
    assert (probe.is_solved, probe.optimizer.options["l2"], probe.epochs) == (True, 0.02, 200)
    assert (rest.is_solved, rest.epochs, rest.unfreeze) == (False, 3, Everything())


def test_keys_of_updates_skip_what_a_solver_sets() -> None:
    defaults = {"batch_size": 8, "learning_rate": 0.1, "optimizer": "sgd", "weight_decay": 0.2, "epochs": 7,
                "early_stopping": {"patience": 2}, "monitor": "validation_accuracy", "dropout": 0.3}  # fmt: skip
    probe, rest = read({**MINIMAL, "phases": "linear_probe_then_finetune", "defaults": defaults}).phases
    assert (probe.optimizer.name, probe.learning_rate, probe.batch_size, probe.epochs) == ("lbfgs", None, 32, 200)
    assert (probe.early_stopping, probe.monitor) == (None, "validation_accuracy")
    assert (rest.optimizer.name, rest.rate_policy.peak, rest.batch_size, rest.epochs) == ("sgd", 0.1, 8, 7)
    config = read(
        {**MINIMAL, "phases": "linear_probe_then_finetune"}, ["phases.epochs=4", "phases.probe.optimizer.l2=1"]
    )
    assert [(phase.epochs, dict(phase.optimizer.options)) for phase in config.phases] == [(200, {"l2": 1.0}), (4, {})]


def test_a_solver_beside_a_preset_is_for_its_head_alone() -> None:
    phases = {"preset": "head_then_top", "optimizer": {"name": "lbfgs", "l2": 0.1}}
    first, top = read({**MINIMAL, "phases": phases}).phases
    assert (first.is_solved, first.learning_rate, top.optimizer.name) == (True, None, "adamw")


def test_fastai_fine_tune_has_its_numbers() -> None:
    phases = {"preset": "fastai_fine_tune", "epochs": 6, "freeze_epochs": 2, "base_lr": 0.01, "div": 10, "lr_mult": 20}
    frozen, unfrozen = read({**MINIMAL, "phases": phases}).phases
    assert [(phase.epochs, phase.rate_policy.peak) for phase in (frozen, unfrozen)] == [(2, 0.01), (6, 0.005)]
    assert [phase.rate_policy.start for phase in (frozen, unfrozen)] == [0.01 / 25, 0.0005]
    assert [phase.rate_policy.warmup for phase in (frozen, unfrozen)] == [0.99, 0.3]
    assert unfrozen.rate_policy.final == 0.005 / 1e5
    assert (frozen.rate_policy.unit_span, unfrozen.rate_policy.unit_span) == (None, 20)
    assert read({**MINIMAL, "phases": "fastai_fine_tune", "defaults": {"epochs": 3}}).phases[1].epochs == 3
    assert [phase.rate_policy.momentum for phase in (frozen, unfrozen)] == [(0.95, 0.85, 0.95)] * 2


@pytest.mark.parametrize(
    ("optimizer", "momentum"),
    [("lion", None), ({"name": "adam", "beta_1": 0.8}, None), ({"name": "sgd", "momentum": 0.9}, None),
     ("sgd", (0.95, 0.85, 0.95))],
)  # fmt: skip
def test_an_optimizer_beside_fastai_fine_tune_may_have_a_momentum_of_its_own(
    optimizer: object, momentum: object
) -> None:
    phases = {"preset": "fastai_fine_tune", "optimizer": optimizer}
    assert [phase.rate_policy.momentum for phase in read({**MINIMAL, "phases": phases}).phases] == [momentum] * 2
    shared = {**MINIMAL, "phases": "fastai_fine_tune", "defaults": {"optimizer": optimizer}}
    assert [phase.rate_policy.momentum for phase in read(shared).phases] == [momentum] * 2


def test_parts_join_one_training_at_their_epochs() -> None:
    config = read({**MINIMAL, "phases": WRITTEN["unfreeze_at"]})
    assert [(phase.name, phase.epochs) for phase in config.phases] == [("head", 5), ("from_5", 7), ("from_12", 8)]
    assert [phase.unfreeze for phase in config.phases] == [HeadOnly(), Last(count=2), Everything()]
    assert [(phase.start_from, phase.carry_optimizer) for phase in config.phases[1:]] == [("last", True)] * 2
    at = {"preset": "unfreeze_at", "epochs": 4, "at": {"0": {"last": 1}, "2": "none"}, "batch_size": 8}
    config = read({**MINIMAL, "phases": at, "defaults": {"epochs": 50}})
    assert [(phase.name, phase.epochs, phase.batch_size) for phase in config.phases] == [
        ("from_0", 2, 8),
        ("from_2", 2, 8),
    ]


def test_presets_name_what_they_unfreeze() -> None:
    unfreezes = [phase.unfreeze for phase in read({**MINIMAL, "phases": "gradual"}).phases]
    assert unfreezes == [HeadOnly(), Fraction(share=0.25), Fraction(share=0.5), Everything()]


def test_keys_beside_a_preset_and_defaults_come_before_its_values() -> None:
    phases = {"preset": "head_then_top", "epochs": 3, "// note": 1}
    config = read({**MINIMAL, "phases": phases, "defaults": {"epochs": 9, "batch_size": 8}})
    assert [(phase.epochs, phase.batch_size) for phase in config.phases] == [(3, 8), (3, 8)]
    config = read({**MINIMAL, "phases": "head_then_top", "defaults": {"steps": 9}})
    assert [(phase.epochs, phase.steps) for phase in config.phases] == [(None, 9), (None, 9)]


@pytest.mark.parametrize(
    ("phases", "place", "message"),
    [
        ("head_then_tpo", "phases", '"head_then_tpo" is unknown; did you mean "head_then_top"?'),
        (
            3,
            "phases",
            f"3 is not a schedule; write a list of phases, or a preset: {', '.join(PRESETS)}",
        ),
        ({"epochs": 3}, "phases", '{"epochs": 3} is not a schedule'),
        ({"preset": "nix"}, "phases.preset", '"nix" is not a choice'),
        ({"preset": "head", "name": "x"}, "phases.name", "each phase of a preset has its own"),
        ({"preset": "head", "lr": 1}, "phases.lr", 'unknown key; did you mean "learning_rate"?'),
        ({"preset": "gradual", "epochs": 0}, "phases.epochs", "0 is too small"),
        (
            {"preset": "fastai_fine_tune", "freeze_epoch": 2},
            "phases.freeze_epoch",
            'unknown key; did you mean "freeze_ep',
        ),
        ({"preset": "fastai_fine_tune", "pct_start": 1}, "phases.pct_start", "1 does not fit; give a number between 0"),
        (
            {"preset": "fastai_fine_tune", "learning_rate": 0.1},
            "phases.learning_rate",
            'the preset fastai_fine_tune has its own way; write "base_lr"',
        ),
        ({"preset": "linear_probe_then_finetune", "l2": 0}, "phases.l2", "0 does not fit; give a number above 0"),
        ("unfreeze_at", "phases", "unfreeze_at needs epochs and at; write {"),
        ({"preset": "unfreeze_at", "epochs": 5}, "phases", "unfreeze_at needs at; write {"),
        (
            {"preset": "unfreeze_at", "epochs": 5, "at": {"x": "all"}},
            "phases.at",
            '{"x": "all"} does not fit; give what',
        ),
        (
            {"preset": "unfreeze_at", "epochs": 5, "at": {"5": "all"}},
            "phases.at",
            "what joins after 5 epochs would never",
        ),
        ({"preset": "unfreeze_at", "epochs": 5, "at": {"2": "all", "02": "all"}}, "phases.at", "two keys are the same"),
        ({"preset": "unfreeze_at", "epochs": 5, "at": {"2": {"lsat": 2}}}, "phases.at.2", '{"lsat": 2} does not fit'),
        (
            {"preset": "unfreeze_at", "epochs": 5, "at": {"2": "all"}, "steps": 9},
            "phases.steps",
            "the preset unfreeze_at has its own way",
        ),
    ],
)
def test_presets_gone_wrong(phases: object, place: str, message: str) -> None:
    found = messages({**MINIMAL, "phases": phases})
    assert list(found) == [place]
    assert found[place].startswith(message)


def test_slanted_triangular_rates_are_those_of_ulmfit() -> None:
    policy = read({**MINIMAL, "phases": "discriminative"}).phases[1].rate_policy
    steps, cut, ratio = 100, 10, 32
    # The paper's formula with cut_frac of 0.1; its last step is the one after ours.
    shares = [step / cut if step < cut else 1 - (step - cut) / (steps - 1 - cut) for step in range(steps)]
    expected = [policy.peak * (1 + share * (ratio - 1)) / ratio for share in shares]
    assert rate_table(policy, steps) == pytest.approx(expected, rel=1e-5)


def test_the_head_goes_on_at_its_rate_beside_the_first_units() -> None:
    head, first = read({**MINIMAL, "phases": "surgical"}).phases
    assert first.rate_policy.head == head.rate_policy.peak == 10 * first.rate_policy.peak


WRITING = {
    "task": {"kind": "causal_lm"},
    "data": {"kind": "table", "path": "chats.jsonl", "input": "prompt", "label": "response"},
    "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
}


@pytest.mark.parametrize(
    ("phases", "names"),
    [
        ("full", ["all"]),
        ("lora", ["adapters"]),
        ("last_then_lora", ["last", "adapters"]),
        ("bitfit", ["biases"]),
        ("surgical", ["first"]),
        ("gradual", ["quarter", "half", "all"]),
        ("head_then_top", ["top"]),
        ("fastai_fine_tune", ["unfrozen"]),
        ({"preset": "unfreeze_at", "epochs": 9, "at": {"2": {"last": 1}, "5": "all"}}, ["from_2", "from_5"]),
        ({"preset": "unfreeze_at", "epochs": 9, "at": {"0": {"last": 1}, "5": "all"}}, ["from_0", "from_5"]),
    ],
)
def test_models_that_write_have_no_head_to_begin_with(phases: object, names: list[str]) -> None:
    found = read({**WRITING, "phases": phases}).phases
    assert [phase.name for phase in found] == names
    assert (found[0].start_from, found[0].carry_optimizer) == ("best", False)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ("head", "it trains a new head alone, and a model that writes has none"),
        ("auto", "it is chosen by heads for classes or numbers"),
        ({"preset": "auto", "time": "1m"}, "it is chosen by heads for classes or numbers"),
    ],
)
def test_presets_that_are_nothing_to_models_that_write(phases: object, message: str) -> None:
    found = messages({**WRITING, "phases": phases})
    assert list(found) == ["phases"]
    assert found["phases"].startswith(message)


def test_solvers_are_nothing_to_models_that_write() -> None:
    phase = {"name": "a", "unfreeze": {"last": 1}, "epochs": 1, "optimizer": "lbfgs"}
    assert "a solver sets new heads" in messages({**WRITING, "phases": [phase]})["phases[0].optimizer"]
