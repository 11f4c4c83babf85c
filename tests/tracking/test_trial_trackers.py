"""Trials of a search are runs of trackers: each written once, also where a tracker was away for a while."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.config.options.trackers import Tensorboard
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.event_file import read_records
from kerastune_ft.tracking.trackers import open_trial_trackers
from kerastune_ft.tracking.trial_trackers import TrackedTrial, TrialTrackers
from tests.support.tracked import Kept

TRIALS = [
    TrackedTrial(
        number, {"head.dropout": 0.5, "head.hidden": [8]}, [0.5, 0.6], "validation_accuracy", {"validation_auc": 0.7},
        number == 1, 10.0,
    )
    for number in range(3)
]  # fmt: skip


def test_every_trial_is_a_run_of_its_own_and_written_once(tmp_path: Path) -> None:
    made: dict[int, Kept] = {}
    said: list[str] = []

    def open_sink(number: int) -> Kept:
        assert number not in made
        made[number] = Kept()
        return made[number]

    search = RunDirectory(tmp_path / "cells-search-1")
    trackers = TrialTrackers({"mlflow": open_sink}, search, said.append)
    trackers.write(TRIALS[:1])
    trackers.write(TRIALS[:2])
    TrialTrackers({"mlflow": open_sink}, search, said.append).write(TRIALS)
    assert sorted(made) == [0, 1, 2]
    begun = made[0].kept["begun"]
    assert (begun.name, begun.group) == ("cells-search-1-trial-0", "cells-search-1")
    assert begun.parameters == {"name": "cells-search-1", "head.dropout": 0.5, "head.hidden": "[8]"}
    assert made[0].kept["figures"] == [
        (1, "validation/accuracy", 0.5), (2, "validation/accuracy", 0.6), (2, "final/validation/auc", 0.7),
    ]  # fmt: skip
    assert [made[number].kept["states"] for number in made] == [["done"], ["failed"], ["done"]]
    assert said == []


def test_a_tracker_that_is_away_is_said_once_and_gets_what_it_missed(tmp_path: Path) -> None:
    sink, said = Kept(fails=True), list[str]()
    trackers = TrialTrackers({"wandb": lambda number: sink}, RunDirectory(tmp_path), said.append)
    for count in (1, 2):
        trackers.write(TRIALS[:count])
    assert len(said) == 1 and "tried again with the next trial" in said[0]
    sink.fails = False
    trackers.write(TRIALS)
    assert len([tag for _, tag, _ in sink.kept["figures"] if tag == "final/validation/auc"]) == 3


def test_event_files_of_trials_have_folders_of_their_own(tmp_path: Path) -> None:
    search = RunDirectory(tmp_path)
    open_trial_trackers([Tensorboard()], search, print).write(TRIALS)
    folders = sorted((tmp_path / "tensorboard").iterdir())
    assert [folder.name for folder in folders] == ["trial-0000", "trial-0001", "trial-0002"]
    (file,) = folders[0].iterdir()
    assert "_hparams_/session_start_info" in str([record.tags for record in read_records(file.read_bytes())])
