"""The plan of a refit: epochs, steps and rates from what validation chose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.phases import EarlyStopping, Retry
from kerastune_ft.config.options.updates.optimizers import Optimizer
from kerastune_ft.config.read import read
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.training import engine
from kerastune_ft.training.plan import build
from kerastune_ft.training.plan.phase_plan import REFIT_DRAWS, Plan, augmentation
from kerastune_ft.training.plan.refit import join_splits, plan_refit
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support import small_nets
from tests.support.tiny_run import write_data


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Plan]:
    folder = tmp_path_factory.mktemp("plan")
    write_data(folder / "data.npz")
    small_nets.save_net(folder / "net.keras", "plain")
    config = read(
        {
            "task": {"kind": "image_classification", "classes": ["0", "1"]},
            "data": {"kind": "arrays", "path": str(folder / "data.npz")},
            "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
            "defaults": {"batch_size": 10, "learning_rate": 0.01, "class_weights": "balanced"},
            "phases": [
                {"name": "head", "unfreeze": "none", "epochs": 9, "batch_size": 64},
                {"name": "top", "unfreeze": {"last": 1}, "steps": 13, "augment": "light"},
                {"name": "on", "unfreeze": {"last": 1}, "epochs": 3, "start_from": "last"},
            ],
            "refit": True,
            "runtime": {"cache_directory": str(folder / "cache")},
        }
    )
    session = assemble(config, engine.devices(config), lambda line: None)
    return session, build.make(session)


def plan_again(planned: tuple[Session, Plan], *results: tuple[int, int]) -> Plan:
    """Plan the refit after phases with these best epochs, of so many."""
    session, plan = planned
    found: list[dict[str, Any]] = [{"best_epoch": best, "epochs": epochs} for best, epochs in results]
    return plan_refit(join_splits(session), plan, found)


def test_validation_examples_join_those_to_train_on(planned: tuple[Session, Plan]) -> None:
    session, _ = planned
    before, now = session.source.splits, join_splits(session).source.splits
    assert sorted([*before["train"], *before["validation"]]) == now["train"].tolist()
    assert len(now["validation"]) == 0 and now["test"] is before["test"]
    assert len(before["train"]) == 49 and len(before["validation"]) == 11, "the session itself is as it was"


def test_epochs_are_those_chosen_and_rates_are_laid_out_over_the_maximum(planned: tuple[Session, Plan]) -> None:
    head, top, on = plan_again(planned, (4, 6), (2, 3), (1, 3)).phases
    # A batch of 64 takes all there are: 49 before, 60 now, one update an epoch.
    assert (head.batch_size, head.steps_per_epoch, head.epochs, head.steps, head.rate_steps) == (60, 1, 4, 4, 9)
    # 13 steps of 5 an epoch become 16 of 6; the next phase begins with the last epoch, so that all are trained.
    assert (top.steps_per_epoch, top.epochs, top.steps, top.rate_steps) == (6, 3, 16, round(13 * 6 / 5))
    assert (on.epochs, on.steps, on.rate_steps) == (1, 6, 18)
    assert [phase.refit.best_epoch for phase in (head, top, on) if phase.refit] == [4, 2, 1]


@pytest.mark.parametrize(("rules", "epochs", "rate_steps"), [(NEWEST, 6, 6), (Rules(2), 4, 9)])
def test_a_phase_that_may_stop_early_goes_as_far_as_it_went(
    planned: tuple[Session, Plan], rules: Rules, epochs: int, rate_steps: int
) -> None:
    session, plan = planned
    patient = plan.phases[0].phase.model_copy(update={"early_stopping": EarlyStopping(patience=2)})
    config = session.config.with_rules(rules)
    last = replace(plan, phases=(replace(plan.phases[0], phase=patient),))
    result = {"best_epoch": 4, "epochs": 6}
    (head,) = plan_refit(join_splits(replace(session, config=config)), last, [result]).phases
    assert (head.epochs, head.steps, head.rate_steps) == (epochs, epochs, rate_steps)
    assert head.refit is not None and head.refit.best_epoch == epochs, "it ends with the last of them"
    (head,) = plan_refit(join_splits(session), last, [{**result, "kept": False}]).phases
    assert head.epochs == 1


def test_a_phase_whose_end_nothing_needs_stops_at_its_best_epoch(planned: tuple[Session, Plan]) -> None:
    session, plan = planned
    last = replace(plan, phases=plan.phases[:2])
    top = plan_refit(
        join_splits(session), last, [{"best_epoch": 4, "epochs": 6}, {"best_epoch": 2, "epochs": 3}]
    ).phases[1]
    assert (top.epochs, top.steps, top.rate_steps) == (2, 12, 16)


def test_a_head_that_a_solver_sets_may_take_other_iterations(planned: tuple[Session, Plan]) -> None:
    session, plan = planned
    changed = {"optimizer": Optimizer(name="lbfgs", options={"l2": 0.01}), "learning_rate": None, "epochs": 200}
    solved = replace(plan.phases[0], phase=plan.phases[0].phase.model_copy(update=changed), epochs=200, steps=200)
    results = [{"best_epoch": 12, "epochs": 12}]
    (again,) = plan_refit(join_splits(session), replace(plan, phases=(solved,)), results).phases
    assert (again.epochs, again.steps) == (200, 200)


def test_all_else_is_that_of_the_run_but_the_addresses_of_draws(planned: tuple[Session, Plan]) -> None:
    session, plan = planned
    again = plan_again(planned, (4, 6), (2, 3), (1, 3))
    assert again.is_refit and not plan.is_refit
    assert (again.chunk, again.decision, again.history_file) == (plan.chunk, plan.decision, "refit/history.csv")
    for before, now in zip(plan.phases, again.phases, strict=True):
        assert now.partition is before.partition and now.stages is before.stages
        assert now.draws == before.draws + REFIT_DRAWS and now.folder == before.folder.replace("phases", "refit")
    drawn = augmentation(session, again.phases[1])
    assert drawn is not None and drawn.phase == 1 + REFIT_DRAWS
    labels = session.source.labels[join_splits(session).source.splits["train"]]
    expected = len(labels) / (2 * np.bincount(labels))
    assert again.phases[0].class_weights == pytest.approx(expected)


def test_a_phase_that_was_discarded_is_discarded_again_and_one_that_diverged_has_its_last_rates(
    planned: tuple[Session, Plan],
) -> None:
    session, plan = planned
    options = plan.phases[0].phase.model_copy(update={"on_divergence": Retry(retry=2, factor=0.1)})
    plan = replace(plan, phases=(replace(plan.phases[0], phase=options), *plan.phases[1:]))
    results = [
        {"best_epoch": 4, "epochs": 6, "retries": [{"peak": 0.01}]},
        {"best_epoch": 2, "epochs": 3, "kept": False},
        {"best_epoch": 1, "epochs": 3, "kept": True},
    ]
    head, top, on = plan_refit(join_splits(session), plan, results).phases
    assert head.phase.rate_policy.peak == pytest.approx(0.001)
    assert top.refit is not None and (top.epochs, top.refit.kept) == (1, False)
    assert top.refit.to_json()["kept"] is False
    assert on.refit is not None and on.refit.kept and "kept" not in on.refit.to_json()
