from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.augment import is_active
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages, problems_of, with_change


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def test_extends_merges_objects_and_replaces_lists_and_phases(tmp_path: Path) -> None:
    base = {**MINIMAL, "//": "note", "name": "team", "head": {"dropout": 0.5, "hidden": [8, 8]}, "seed": 3}
    write(tmp_path / "team.json", base)
    own = {"extends": "team.json", "// why": 1, "head": {"hidden": [4]}, "phases": [MINIMAL["phases"][0]]}
    config = read(write(tmp_path / "own.json", own))
    assert (config.name, config.seed, config.head.dropout, config.head.hidden) == ("team", 3, 0.5, (4,))
    assert len(config.phases) == 1


def test_extends_chains_and_is_relative_to_its_file(tmp_path: Path) -> None:
    write(tmp_path / "base" / "root.json", {**MINIMAL, "seed": 1, "head": {"dropout": 0.1}})
    write(tmp_path / "base" / "team.json", {"extends": "root.json", "seed": 2})
    config = read(write(tmp_path / "own.json", {"extends": "base/team.json"}))
    assert (config.name, config.seed, config.head.dropout) == ("own", 2, 0.1)


def test_another_kind_replaces_the_whole_object(tmp_path: Path) -> None:
    write(tmp_path / "team.json", MINIMAL)
    config = read(write(tmp_path / "own.json", {"extends": "team.json", "data": {"kind": "tfds", "name": "digits"}}))
    assert config.data.kind == "tfds"


def test_a_circle_of_files_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.json", {"extends": "b.json"})
    write(tmp_path / "b.json", {"extends": "a.json"})
    found = problems_of(tmp_path / "a.json")
    assert [one.message for one in found] == ["the files extend each other in a circle: a.json -> b.json -> a.json"]


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("none.json", "cannot be read: no such file"),
        (3, "3 is not a file"),
        ("${NOT_THERE}/a.json", "NOT_THERE is not defined"),
    ],
)
def test_a_base_that_cannot_be_read_is_placed_at_extends(tmp_path: Path, extends: object, message: str) -> None:
    found = messages(write(tmp_path / "own.json", {**MINIMAL, "extends": extends}))
    assert list(found) == ["extends"]
    assert message in found["extends"]


@pytest.mark.parametrize("extends", ["none.json", 3])
def test_what_a_base_that_cannot_be_read_may_hold_is_not_missing(tmp_path: Path, extends: object) -> None:
    own = {"extends": extends, "backbone": {"weights": None}, "phases": [{"name": "a"}], "sed": 1}
    assert set(messages(write(tmp_path / "own.json", own), ["phases.a.epochs=1"])) == {"extends", "sed"}
    write(tmp_path / "own.json", {**own, "extends": "team.json"})
    write(tmp_path / "team.json", {"seed": 1})
    assert set(messages(tmp_path / "own.json")) >= {"task", "data", "backbone.kind", "phases[0].epochs", "sed"}


def test_extends_takes_the_file_beside_first_and_then_a_shipped_name(tmp_path: Path) -> None:
    own = write(tmp_path / "own.json", {"extends": "medical", "seed": 99})
    assert read(own).data == read("medical").data
    assert read(own).seed == 99
    write(tmp_path / "medical", MINIMAL)
    assert read(own).backbone == read(MINIMAL).backbone


def test_problems_of_the_base_are_placed_in_its_file(tmp_path: Path) -> None:
    write(tmp_path / "team.json", with_change("head.pooling", "avg"))
    found = problems_of(write(tmp_path / "own.json", {"extends": "team.json", "seed": -1}))
    assert [(Path(one.place.file).name, one.place.path) for one in found] == [
        ("own.json", ("seed",)),
        ("team.json", ("head", "pooling")),
    ]


def test_defaults_fill_every_phase_and_give_way_to_it() -> None:
    document = {**MINIMAL, "defaults": {"batch_size": 8, "augment": "light", "steps": 7}}
    document["phases"] = [
        {**MINIMAL["phases"][0], "batch_size": 4},
        {"name": "b", "unfreeze": "all", "learning_rate": 1},
    ]
    head, rest = read(document).phases
    assert (head.batch_size, head.epochs, head.steps, head.augment.preset) == (4, 2, None, "light")
    assert (rest.batch_size, rest.epochs, rest.steps) == (8, None, 7)


@pytest.mark.parametrize(
    "given",
    [
        {"defaults": {"batch_norm": "train"}, "phases": "head_then_top"},
        {"phases": {"preset": "head_then_top", "batch_norm": "train"}},
        {
            "defaults": {"batch_norm": "train"},
            "phases": [
                {**MINIMAL["phases"][0], "unfreeze": "none"},
                {**MINIMAL["phases"][0], "name": "top", "unfreeze": "all"},
            ],
        },
    ],
)
def test_batch_norm_for_all_phases_is_not_meant_for_the_head_alone(given: dict) -> None:
    assert [phase.batch_norm for phase in read({**MINIMAL, **given}).phases] == ["frozen", "train"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"defaults": {"batch_norm": "train"}, "phases": "head"}, "defaults.batch_norm"),
        ({"phases": {"preset": "head", "batch_norm": "statistics"}}, "phases.batch_norm"),
        (
            {"phases": [{**MINIMAL["phases"][0], "unfreeze": "none", "batch_norm": "train"}]},
            "phases[0].batch_norm",
        ),
    ],
)
def test_batch_norm_without_any_unit_that_trains_has_no_effect(given: dict, place: str) -> None:
    found = messages({**MINIMAL, **given})
    assert "it has no effect" in found[place]


HEAD = {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}


TOP = {**HEAD, "name": "top", "unfreeze": "all"}


@pytest.mark.parametrize(
    ("given", "views"),
    [
        # Views alone are those of the phases that augment, with their own operations.
        ({"defaults": {"augment": {"views": 4}}, "phases": [HEAD, {**TOP, "augment": "light"}]}, [None, 4]),
        (
            {
                "defaults": {"augment": {"views": 4}},
                "phases": [{**HEAD, "augment": "none"}, {**TOP, "augment": {"preset": "light"}}],
            },
            [None, 4],
        ),
        (
            {
                "defaults": {"augment": {"views": 4}},
                "phases": [{**HEAD, "augment": "light"}, {**TOP, "augment": {"preset": "light", "views": None}}],
            },
            [4, None],
        ),
        ({"defaults": {"augment": {"views": 4}}, "phases": {"preset": "head_then_top", "augment": "light"}}, [4, 4]),
        ({"defaults": {"augment": "light"}, "phases": {"preset": "head_then_top", "augment": {"views": 4}}}, [4, 4]),
        ({"defaults": {"augment": "light"}, "phases": [HEAD, {**TOP, "augment": {"views": 4}}]}, [None, 4]),
        # All else a phase has in place of the defaults.
        (
            {"defaults": {"augment": {"preset": "light", "views": 4}}, "phases": [HEAD, {**TOP, "augment": "strong"}]},
            [4, None],
        ),
        (
            {"defaults": {"augment": {"preset": "light", "views": 4}}, "phases": [HEAD, {**TOP, "augment": "none"}]},
            [4, None],
        ),
    ],
)
def test_views_for_all_phases_are_for_those_that_augment(given: dict, views: list[int | None]) -> None:
    phases = read({**MINIMAL, **given}).phases
    assert [phase.augment.views for phase in phases] == views
    assert all(is_active(phase.augment.resolve()) for phase in phases if phase.augment.views)


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"defaults": {"augment": {"views": 4}}, "phases": [HEAD, TOP]}, "defaults.augment.views"),
        ({"defaults": {"augment": {"views": 4}}, "phases": "head_then_top"}, "defaults.augment.views"),
        ({"phases": {"preset": "head_then_top", "augment": {"views": 4}}}, "phases.augment.views"),
        (
            {
                "defaults": {"augment": {"views": 4}},
                "phases": [HEAD, {**TOP, "augment": {"preset": "light", "views": 2}}],
            },
            "defaults.augment.views",
        ),
        (
            {
                "defaults": {"augment": {"preset": "none", "views": 4}},
                "phases": [{**HEAD, "augment": "light"}, {**TOP, "augment": "light"}],
            },
            "defaults.augment.views",
        ),
        ({"phases": [HEAD, {**TOP, "augment": {"views": 4}}]}, "phases[1].augment.views"),
        (
            {"defaults": {"augment": {"views": 4}}, "phases": [{**HEAD, "augment": "light"}, {**TOP, "augment": "x"}]},
            "phases[1].augment",
        ),
    ],
)
def test_views_without_anything_to_augment_have_no_effect(given: dict, place: str) -> None:
    found = messages({**MINIMAL, **given})
    assert list(found) == [place]
    assert "it has no effect" in found[place] or '"x"' in found[place]


def test_what_looks_back_may_stand_in_defaults() -> None:
    defaults = {"carry_optimizer": True, "start_from": "last"}
    head, top = read({**MINIMAL, "defaults": defaults, "phases": [HEAD, TOP]}).phases
    assert (head.carry_optimizer, head.start_from) == (False, "best")
    assert (top.carry_optimizer, top.start_from) == (True, "last")
    assert set(messages({**MINIMAL, "defaults": defaults, "phases": [HEAD]})) == {
        "defaults.carry_optimizer",
        "defaults.start_from",
    }


def test_defaults_are_checked_even_where_every_phase_overrides_them() -> None:
    phases = [{**MINIMAL["phases"][0], "batch_size": 4}]
    found = messages(
        {**MINIMAL, "phases": phases, "defaults": {"batch_size": 0, "optimizer": {"name": "sgd", "rho": 1}}}
    )
    assert set(found) == {"defaults.batch_size", "defaults.optimizer.rho"}
    assert "defaults" in messages({**MINIMAL, "defaults": 3})


def test_defaults_are_checked_without_phases_too() -> None:
    document = {key: value for key, value in MINIMAL.items() if key != "phases"}
    assert set(messages({**document, "defaults": {"lr": 1}})) == {"phases", "defaults.lr"}


@pytest.mark.parametrize("key", ["name", "unfreeze"])
def test_defaults_cannot_hold_what_is_a_phase_s_own(key: str) -> None:
    assert "every phase has its own" in messages({**MINIMAL, "defaults": {key: "all"}})[f"defaults.{key}"]


def test_comments_may_stand_anywhere() -> None:
    document = {**MINIMAL, "//": 1, "$schema": "schema.json", "head": {"// a": {"x": 1}, "dropout": 0.3}}
    document["phases"] = [{"// b": [], **MINIMAL["phases"][0], "optimizer": {"name": "sgd", "//": 1}}]
    assert read(document).phases[0].optimizer.options == {}
