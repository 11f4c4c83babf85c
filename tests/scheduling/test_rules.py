"""The rules that make phases of measurements, on measurements made up."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.scheduling import rules
from kerastune_ft.scheduling.rules import ALL, TOP, Facts, ProbeResult, TrialResult


def facts(train: int = 800, **more: Any) -> Facts:
    known: dict[str, Any] = {"can_augment": True, "can_probe": True, "metric": "accuracy"}
    return Facts(train, **{**known, **more})


def probe(cut: str, loss: float, value: float = 0.8) -> ProbeResult:
    return ProbeResult(cut, loss, value, 0.1)


def trial(boundary: rules.Boundary, rate: float, losses: Sequence[float]) -> TrialResult:
    return TrialResult(boundary, rate, 30, statistics.fmean(losses) if losses else math.inf, 0.8, losses)


def around(mean: float, spread: float = 0.1, count: int = 50) -> list[float]:
    """Losses of a mean whose differences from another such list are alike for all examples, up to what is drawn."""
    drawn = np.random.default_rng(round(1000 * mean)).normal(0.0, spread, count)
    return (mean + drawn - drawn.mean()).tolist()


DIVERGED = [trial(TOP, rate, ()) for rate in rules.RATES[1:]]


def test_the_top_is_tried_where_probes_improve_up_to_the_last_features() -> None:
    found, why = rules.choose_boundaries([probe("block1", 0.6), probe("features", 0.5)])
    assert found == [ALL, TOP] and "improve up to the last" in why


def test_where_no_cut_inside_was_probed_nothing_is_said_of_probes_there() -> None:
    found, why = rules.choose_boundaries([probe("features", 0.5)])
    assert found == [ALL, TOP] and "no cut inside" in why and "improve" not in why


def test_where_a_probe_inside_is_better_more_than_the_top_has_to_train() -> None:
    found, why = rules.choose_boundaries(
        [probe("block1", 0.6), probe("block2", 0.3), probe("block3", 0.4), probe("features", 0.5)]
    )
    assert found == [ALL] and "block2" in why and "0.300" in why and "0.500" in why


def test_without_a_probe_the_usual_part_is_taken() -> None:
    assert rules.choose_boundaries([])[0] == [TOP]


def test_the_usual_rate_is_tried_and_then_the_higher_or_after_divergence_the_lower() -> None:
    low, middle, high = rules.RATES
    first = trial(ALL, middle, [0.4])
    assert rules.next_rate([]) == middle == rules.USUAL and rules.next_rate([first]) == high
    assert rules.next_rate(DIVERGED[:1]) == low
    assert rules.next_rate([first, trial(ALL, high, [0.6])]) is None


def test_what_is_clear_is_more_than_a_standard_error_of_the_differences() -> None:
    one, other = np.array(around(0.5)), np.array(around(0.52))
    error = np.std(other - one, ddof=1) / np.sqrt(len(one))
    for gain, is_clear in ((error * 1.01, True), (error * 0.99, False)):
        assert rules.is_clearly_lower(one.tolist(), (other - 0.02 + gain).tolist()) is is_clear
    # The same for every example, however little, is no chance; of one example nothing is known.
    assert rules.is_clearly_lower([0.1, 0.2], [0.11, 0.21]) and not rules.is_clearly_lower([0.1], [0.2])
    assert not rules.is_clearly_lower([], []) and not rules.is_clearly_lower([0.1, 0.2], [0.1, 0.2])


def test_what_is_usual_stays_unless_another_is_clearly_better() -> None:
    low, middle, high = rules.RATES
    usual = trial(ALL, middle, around(0.5))
    for other in (trial(ALL, high, around(0.495)), trial(ALL, high, around(0.7)), trial(TOP, middle, around(0.495))):
        assert rules.choose_trial([usual, other]) == usual
    for other in (trial(ALL, high, around(0.4)), trial(TOP, middle, around(0.4)), trial(ALL, low, around(0.4))):
        assert rules.choose_trial([usual, other]) == other
    # The next has to be better than the better one.
    assert rules.choose_trial([usual, trial(ALL, high, around(0.4)), trial(TOP, high, around(0.45))]).rate == high


def test_what_diverged_is_worse_than_anything_and_nothing_to_go_on_with() -> None:
    assert rules.choose_trial([]) is None and rules.choose_trial(DIVERGED) is None
    fine = trial(TOP, rules.RATES[0], around(1.5))
    assert rules.choose_trial([*DIVERGED, fine]) == fine == rules.choose_trial([fine, *DIVERGED])
    assert rules.describe_trial(DIVERGED[0], 0.6, "accuracy") == "trial of top at 0.0002, 30 steps: it diverged"


def test_what_is_said_of_a_choice_is_what_it_was_made_by() -> None:
    usual, higher = trial(ALL, rules.USUAL, around(0.5)), trial(ALL, rules.RATES[2], around(0.4))
    assert "nothing else" in rules.describe_choice(usual, [usual, higher])
    assert rules.describe_choice(higher, [usual, higher]) == "clearly better than as usual"
    assert rules.describe_choice(higher, [DIVERGED[0], higher]) == "as usual it diverged"


def test_of_few_examples_only_a_sign_that_it_helps_trains_more() -> None:
    assert rules.is_tiny(facts(99)) and not rules.is_tiny(facts(100))


def test_phases_are_those_of_a_configuration() -> None:
    phase = rules.later_phase(facts(), ALL, 2e-4)
    assert phase["learning_rate"] == {"peak": 2e-4, "shape": "cosine", "warmup": 0.1, "unit_decay": 0.9}
    assert phase["unfreeze"] == "all" and "augment" not in phase
    few = rules.later_phase(facts(250), TOP, 2e-4)
    assert few["augment"] == {"preset": "light", "views": 4}
    assert rules.later_phase(facts(250), ALL, 2e-4)["augment"] == "light"
    assert "augment" not in rules.later_phase(facts(250, can_augment=False), TOP, 2e-4)
    assert "unit_decay" not in few["learning_rate"]
    assert rules.head_by_solver(0.5)["optimizer"] == {"name": "lbfgs", "l2": 0.5}
    short = rules.short_phase(facts(), trial(ALL, 8e-4, [0.4]))
    assert (short["name"], short["steps"], short["learning_rate"]["peak"]) == ("all_short", 30, 8e-4)
    assert "epochs" not in short and short["keep_if_better"]
    gently = rules.gentle_phase(facts(), ALL)
    assert gently["name"] == "all_gently" and gently["learning_rate"]["peak"] == min(rules.RATES)
    head = rules.head_by_steps(800)
    assert head["unfreeze"] == "none" and not any(key.startswith("//") for key in head)


def test_what_is_said_of_a_phase_is_what_it_is_with_the_keys_that_are_set() -> None:
    few = rules.later_phase(facts(250), TOP, 2e-4)
    said = rules.describe_later(facts(250), Phase.model_validate(few).to_json())
    assert f"at most {few['epochs']} epochs in batches of {few['batch_size']}, ended after" in said[0]
    assert "dropped where none is better" in said[0] and "changed lightly" in said[1]
    own = {**few, "epochs": 3, "early_stopping": None, "keep_if_better": False, "augment": "none"}
    said = rules.describe_later(facts(250), Phase.model_validate(own).to_json())
    assert said == [f"top: at most 3 epochs in batches of {few['batch_size']}, for 250 training examples"]
