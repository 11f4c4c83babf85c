from __future__ import annotations

import pytest

from kerastune_ft.config.options.phases import Everything, Fraction, HeadOnly
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_schedules_with_falling_rates(name: str) -> None:
    config = read({**MINIMAL, "phases": name})
    assert config.phases == read({**MINIMAL, "phases": PRESETS[name]()}).phases
    peaks = [phase.learning_rate.peak for phase in config.phases]
    assert peaks == sorted(peaks, reverse=True)
    assert config.phases[0].unfreeze == HeadOnly()
    assert (PRESETS[name].__doc__ or "").strip()


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
            "3 is not a schedule; write a list of phases, or a preset: head, head_then_top, head_then_all, gradual",
        ),
        ({"epochs": 3}, "phases", '{"epochs": 3} is not a schedule'),
        ({"preset": "nix"}, "phases.preset", '"nix" is not a choice'),
        ({"preset": "head", "name": "x"}, "phases.name", "each phase of a preset has its own"),
        ({"preset": "head", "lr": 1}, "phases.lr", 'unknown key; did you mean "learning_rate"?'),
        ({"preset": "gradual", "epochs": 0}, "phases.epochs", "0 is too small"),
    ],
)
def test_presets_gone_wrong(phases: object, place: str, message: str) -> None:
    found = messages({**MINIMAL, "phases": phases})
    assert list(found) == [place]
    assert found[place].startswith(message)
