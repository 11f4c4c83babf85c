"""A session for images of another size: the same variables, and what cannot be called at it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.config.options.updates.unfreeze import Everything
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.training import engine
from kerastune_ft.training.features import store_key
from kerastune_ft.training.plan import build
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support import small_nets, tiny_run
from tests.support.mask_files import IGNORED, write_scenes

layers = keras.layers


def open_session(folder: Path, *phases: dict[str, Any], **changes: Any) -> Session:
    config = read(
        {
            "task": {"kind": "image_classification", "classes": ["0", "1"]},
            "data": {"kind": "arrays", "path": str(folder / "data.npz")},
            "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
            "defaults": {"batch_size": 10, "learning_rate": 0.01, "epochs": 2},
            "phases": [{"name": f"phase{number}", **phase} for number, phase in enumerate(phases)],
            "runtime": {"cache_directory": str(folder / "cache"), "cache_budget": "20GB"},
            **changes,
        }
    )
    return assemble(config, engine.devices(config), lambda line: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sizes")
    tiny_run.write_data(made / "data.npz")
    small_nets.save_net(made / "net.keras", "skipping")
    return made


SMALL, TOP = {"unfreeze": "none", "image_size": 24}, {"unfreeze": {"last": 1}}


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    return open_session(folder, SMALL, {**TOP, "image_size": 24}, {**TOP, "image_size": 32}, {"unfreeze": {"last": 2}})


def test_frozen_part_and_trained_part_are_the_model_at_both_sizes(session: Session) -> None:
    assert session.at(None) is session.at((32, 32)) is session
    plan = build.make(session)
    assert [phase.image_size for phase in plan.phases] == [(24, 24), (24, 24), None, None]
    for phase in plan.phases:
        for size in dict.fromkeys((phase.image_size, None)):
            model, cut = session.at(size).model, phase.cut_at(size)
            assert {id(one) for one in model.variables} == {id(one) for one in session.model.variables}
            features = images = np.random.default_rng(0).uniform(0, 255, (3, *(size or (32, 32)), 3)).astype("f4")
            for stage in cut.stages:
                features = stage.model(features)
            assert np.array_equal(cut.partition.tail(features), model(images)), (phase.phase.name, size)


def test_stores_are_apart_by_size_and_those_of_the_final_size_are_what_they_were(session: Session) -> None:
    plan = build.make(session)
    ids = {store.id: store for store in plan.decision.stored}
    unsized = [phase.model_copy(update={"image_size": None}) for phase in session.config.phases]
    alone = build.make(session.with_phases(unsized))
    final = {store.id: store for store in alone.decision.stored}
    assert any(" at 24 x 24" in name for name in ids) and final
    for name, store in final.items():
        now, before = (
            store_key.key_parts(
                session, each.chunk, each.phases[each.decision.first_phase(store)].cut_at(None).stages, store
            )
            for each in (plan, alone)
        )
        assert now == before, name


def test_phases_of_one_size_share_what_stays_frozen_in_both(session: Session) -> None:
    plan = build.make(session)
    first, second, *_ = plan.decision.needs[::2]
    assert (first.phase, second.phase, first.image_size, second.image_size) == (0, 1, (24, 24), (24, 24))
    assert first.stores["base"] == second.stores["cut"]
    assert first.stores["base"].id.endswith(" at 24 x 24")
    parts = store_key.key_parts(session.at((24, 24)), plan.chunk, plan.phases[0].stages, first.stores["base"])
    assert parts["input"]["image_size"] == [24, 24]


def test_plan_says_the_size_and_what_it_costs(session: Session) -> None:
    small, again, same, _ = build.make(session).document["phases"]
    assert small["image_size"] == again["image_size"] == [24, 24] and "image_size" not in same
    assert again["cut"][0]["bytes"] < same["cut"][0]["bytes"]
    whole = session.config.phases[0].model_copy(update={"unfreeze": Everything()})
    phases = [whole, whole.model_copy(update={"image_size": None})]
    fewer, more = (phase["estimate"] for phase in build.make(session.with_phases(phases)).document["phases"])
    assert fewer["seconds"] < more["seconds"] and fewer["memory_bytes"] < more["memory_bytes"]


def _flat(x: Any) -> Any:
    return layers.Dense(4, name="places")(layers.Flatten()(layers.Conv2D(2, 3, strides=4)(x)))


def _resized(x: Any) -> Any:
    return layers.Conv2D(4, 3, name="conv")(layers.Resizing(16, 16, name="to_sixteen")(x))


def _reshaped(x: Any) -> Any:
    return layers.Dense(4)(layers.Reshape((64, 48), name="patches")(x))


def _deep(x: Any) -> Any:
    for number in range(4):
        x = layers.Conv2D(4, 3, strides=2, name=f"conv{number}")(x)
    return x


@pytest.mark.parametrize(
    ("make", "size", "said"),
    [
        (_flat, 24, r"places \(Dense\) is made for one size"),
        # As many places as at 32 x 32, and others.
        (_flat, [16, 64], r"places \(Dense\) is made for one size"),
        (_reshaped, [16, 64], r"patches \(Reshape\) is made for one size"),
        (_resized, 24, r"to_sixteen \(Resizing\) brings its input to one size"),
        (_reshaped, 24, r"patches \(Reshape\) is made for one size"),
        (_deep, 8, r"the images are too small for conv2 \(Conv2D\)"),
    ],
)
def test_what_is_made_for_one_size_is_named_with_the_phase(
    folder: Path, tmp_path: Path, make: Any, size: int | list[int], said: str
) -> None:
    images = keras.Input((32, 32, 3))
    model = keras.Model(images, make(layers.Rescaling(1 / 255)(images)))
    model.save(tmp_path / "net.keras")
    made = {"kind": "saved", "path": str(tmp_path / "net.keras"), "output": model.layers[-1].name}
    session = open_session(folder, {"unfreeze": "none"}, {**TOP, "image_size": size}, backbone=made)
    height, width = size if isinstance(size, list) else (size, size)
    place = r"phases\[1\] \(phase1\)\.image_size"
    message = rf"^{place}: .*cannot take {height} x {width} pixels as well: {said}; remove it"
    with pytest.raises(ConfigError, match=message):
        build.make(session)


@pytest.mark.slow
def test_a_decoder_gives_masks_of_the_size_of_the_phase(tmp_path: Path) -> None:
    write_scenes(tmp_path / "data", 12)
    session = open_session(
        tmp_path,
        {"unfreeze": "none", "image_size": [48, 64]},
        {"unfreeze": {"last": 1}},
        task={"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}, "ignore": IGNORED},
        data={"kind": "folder", "path": str(tmp_path / "data")},
        backbone={"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 64},
        head={"width": 8, "stride": 8},
    )
    plan = build.make(session)
    small = session.at((48, 64))
    assert small.model.output_shape == (None, 48, 64, 2) and session.model.output_shape == (None, 64, 64, 2)
    assert small.loader.targets(np.arange(2)).shape == (2, 48, 64)
    images = np.random.default_rng(0).uniform(0, 255, (2, 48, 64, 3)).astype("f4")
    features = images
    for stage in plan.phases[0].stages:
        features = stage.model(features)
    assert np.array_equal(plan.phases[0].partition.tail(features), small.model(images))
