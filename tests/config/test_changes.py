from __future__ import annotations

import copy
from typing import Any

import pytest

from kerastune_ft.config.changes import Changes, compare
from kerastune_ft.config.read import read
from tests.support.config_cases import OLD


def compare_with_old(begun: int = 1, overrides: tuple[str, ...] = (), **changed: Any) -> Changes:
    return compare(read(OLD), read({**copy.deepcopy(OLD), **changed}, overrides), begun)


def test_the_same_configuration_has_no_changes() -> None:
    assert compare_with_old() == Changes((), ())


@pytest.mark.parametrize(
    "override",
    [
        "output.directory=elsewhere",
        "output.examples=false",
        "output.checkpoint.keep=5",
        "runtime.strategy=mirrored",
        "runtime.replicas=2",
        "runtime.cache=off",
        "phases.head.cache=off",
        "phases.top.cache=required",
        "runtime.cache_directory=elsewhere",
        "runtime.gpu_memory=8GB",
        'phases.head.on_divergence={"retry": 1}',
        "name=other",
        "phases.top.epochs=9",
    ],
)
def test_free_changes_are_listed(override: str) -> None:
    changes = compare_with_old(overrides=(override,))
    assert changes.refused == ()
    assert len(changes.allowed) == 1
    assert "->" in changes.allowed[0]


@pytest.mark.parametrize(
    "override",
    [
        "seed=5",
        "data.path=other.npz",
        "data.exclude=left_out.csv",
        "runtime.deterministic=false",
        "head.dropout=0.5",
        "backbone.image_size=96",
        "phases.top.augment=light",
        "phases.head.learning_rate=0.2",
        "phases.top.learning_rate.peak=0.2",
        "phases.top.batch_size=16",
        "phases.top.epochs=3",
        "phases.head.epochs=3",
    ],
)
def test_other_changes_are_refused(override: str) -> None:
    changes = compare_with_old(overrides=(override,))
    assert len(changes.refused) == 1
    assert changes.allowed == ()


def test_a_line_names_the_place_and_both_values() -> None:
    changes = compare_with_old(overrides=("phases.head.learning_rate=0.2", "phases.top.epochs=9"))
    assert changes.refused == ("phases[0].learning_rate.peak: 0.1 -> 0.2",)
    assert changes.allowed == ("phases[1].epochs: 4 -> 9",)


def test_more_epochs_are_refused_in_a_phase_that_has_begun() -> None:
    assert compare_with_old(begun=2, overrides=("phases.top.epochs=9",)).refused


def test_epochs_do_not_become_steps() -> None:
    phases = copy.deepcopy(OLD["phases"])
    phases[1]["steps"] = phases[1].pop("epochs")
    assert compare_with_old(phases=phases).refused


def test_phases_may_be_appended_and_not_removed_or_put_between() -> None:
    third = {"name": "third", "unfreeze": "all", "epochs": 1, "learning_rate": 0.001}
    head, top = OLD["phases"]
    assert compare_with_old(2, phases=[head, top, third]) == Changes(("phases[2]: third appended",), ())
    assert compare_with_old(2, phases=[head]).refused == ("phases[1]: top removed",)
    assert compare_with_old(2, phases=[head, third, top]).refused


@pytest.mark.parametrize(
    ("overrides", "allowed", "refused"),
    [
        (("phases.top.batch_size=16", "phases.top.accumulate=2"), 2, 0),
        (("phases.top.accumulate=auto",), 1, 0),
        (("phases.top.batch_size=16", "phases.top.accumulate=auto"), 0, 2),
        (("phases.top.batch_size=16",), 0, 1),
        (("phases.top.accumulate=4",), 0, 1),
    ],
)
def test_the_same_updates_may_be_divided_otherwise(overrides: tuple[str, ...], allowed: int, refused: int) -> None:
    changes = compare_with_old(overrides=overrides)
    assert (len(changes.allowed), len(changes.refused)) == (allowed, refused)


def test_not_so_where_batch_norm_takes_moments_of_what_is_computed_at_a_time() -> None:
    old = read(OLD, ("phases.top.batch_norm=train",))
    new = read(OLD, ("phases.top.batch_norm=train", "phases.top.batch_size=16", "phases.top.accumulate=2"))
    assert len(compare(old, new, 1).refused) == 2


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ({"retry": 3, "factor": 0.1}, True),
        ({"retry": 1, "factor": 0.1}, False),
        (None, False),
        ({"retry": 2, "factor": 0.2}, False),
    ],
)
def test_a_phase_may_get_more_retries_and_never_other_ones(now: Any, allowed: bool) -> None:
    phases = copy.deepcopy(OLD["phases"])
    phases[0]["on_divergence"] = {"retry": 2, "factor": 0.1}
    begun = {**copy.deepcopy(OLD), "phases": copy.deepcopy(phases)}
    phases[0]["on_divergence"] = now
    changes = compare(read(begun), read({**copy.deepcopy(OLD), "phases": phases}), 1)
    assert bool(changes.allowed) is allowed and bool(changes.refused) is not allowed


def test_phases_that_are_still_to_be_chosen_are_one_value() -> None:
    old = read({**copy.deepcopy(OLD), "phases": "auto"})
    assert compare(old, old, 0) == Changes((), ())
    assert compare(old, read(OLD), 0).refused[0].startswith('phases: {"preset": "auto"} -> [')
