"""Nothing wrong is ever read from a store: whatever features depend on makes another one, and damage is noticed."""

from __future__ import annotations

import copy
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.read import read
from kerastune_ft.errors import DataError
from kerastune_ft.stores.record import key_of
from kerastune_ft.training.devices import devices
from kerastune_ft.training.features import extraction, store_key
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.plan import build, phase_plan
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support import small_nets
from tests.support.tiny_run import write_data

Document = dict[str, Any]
PICTURES = 20


class Listener(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.computed = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def work(self, what: str, done: int, total: int) -> None:
        self.computed += what.startswith("storing features") and done == total


_SESSIONS: dict[str, Session] = {}


def open_session(made: Document, is_anew: bool = False) -> tuple[Session, phase_plan.Plan]:
    """Return the session and the plan; a model is built once for a configuration, unless its files may have changed."""
    config = read(made)
    key = json.dumps({**made, "runtime": None})
    if is_anew or key not in _SESSIONS:
        _SESSIONS[key] = assemble(config, devices.resolve(config.runtime), lambda line: None)
    session = replace(_SESSIONS[key], config=config, cache=cache_directory(config.runtime))
    return session, build.make(session)


def look_at(made: Document, cache: Path, watch: Watcher | None = None, is_anew: bool = False) -> np.ndarray:
    """What the last phase reads of all its training examples in two epochs, from the stores in a cache directory."""
    made = {**made, "runtime": {"cache_directory": str(cache)}}
    session, whole = open_session(made, is_anew)
    with PhaseFeed() as latest:
        feed = latest.for_phase(session, whole, whole.phases[-1], watch or Listener())
        stored, indices = feed.training.stored, session.source.splits["train"]
        assert stored is not None
        order = np.argsort([session.source.keys[index] for index in indices])
        found = np.stack([stored(indices[order], epoch) for epoch in range(2)])
        assert (found.std(axis=1) > 0).all(), "features that tell examples apart"
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that are not square, and backbones with the same names and shapes of everything."""
    made = tmp_path_factory.mktemp("stale")
    images = np.load(write_data(made / "data.npz"))["x"]
    for number in range(PICTURES):
        _write(made / "pictures", number, images[number])
    small_nets.save_net(made / "net.keras", "plain")
    small_nets.save_net(made / "other_weights.keras", "plain", seed=1)
    model = keras.models.load_model(made / "net.keras")
    model.get_layer("block1_relu").activation = keras.activations.tanh
    model.save(made / "other_graph.keras")
    return made


def _write(folder: Path, number: int, image: np.ndarray) -> Path:
    path = folder / str(number % 2) / f"{number:02d}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    Image.fromarray(image[:, :24].repeat(2, axis=0).repeat(2, axis=1)).save(content, "PNG")
    path.write_bytes(content.getvalue())
    return path


@pytest.fixture
def made(folder: Path) -> Document:
    """A configuration whose one phase reads two views from a store."""
    return {
        "name": "stale",
        "seed": 3,
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(folder / "pictures")},
        "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
        "defaults": {"batch_size": 8, "epochs": 4, "learning_rate": 0.01},
        "phases": [
            {
                "name": "head",
                "unfreeze": "none",
                "augment": {"preset": "light", "views": 2},
                "cache": "required",
            }
        ],
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every test copies the stores of the configuration from."""
    return tmp_path_factory.mktemp("filled") / "cache"


@pytest.fixture
def cache(made: Document, filled: Path, tmp_path: Path) -> Path:
    """A cache directory with the stores of the configuration as it is."""
    if not filled.exists():
        look_at(made, filled)
    return Path(shutil.copytree(filled, tmp_path / "cache"))


def changed(made: Document, place: str, value: Any) -> Document:
    """The configuration with another value at a place such as phases.0.augment."""
    made = copy.deepcopy(made)
    *outer, last = (int(word) if word.isdigit() else word for word in place.split("."))
    inner: Any = made
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return made


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[Document]:
    """The parts of the keys of all stores of views that are opened, as they come."""
    found: list[Document] = []
    true = store_key.key_parts

    def noted(*arguments: Any) -> Document:
        made = true(*arguments)
        if made.get("augmentation"):
            found.append(made)
        return made

    monkeypatch.setattr(store_key, "key_parts", noted)
    return found


def differing(one: Document, other: Document, place: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Return where two documents differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return set() if one == other else {place}
    inner = (differing(one.get(key), other.get(key), (*place, key)) for key in one.keys() | other.keys())
    return set().union(*inner)


# What is changed, to what, and the part of the key but for which features of the one would be taken for the other's.
CHANGES = {
    "weights": ("backbone.path", "other_weights.keras", ("weights",)),
    "graph": ("backbone.path", "other_graph.keras", ("graph",)),
    "resize": ("data.resize", "stretch", ("input", "resize")),
    "operations": ("phases.0.augment", {"preset": "medium", "views": 2}, ("augmentation",)),
    "seed": ("seed", 4, ("augmentation",)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_features_depend_on_is_part_of_the_key(
    change: str, made: Document, folder: Path, cache: Path, tmp_path: Path, parts: list[Document]
) -> None:
    place, value, part = CHANGES[change]
    other = changed(made, place, str(folder / value) if place == "backbone.path" else value)
    watch = Listener()
    right = look_at(other, tmp_path / "empty")
    assert np.array_equal(look_at(other, cache, watch), right)
    assert watch.computed, "they are not those of the configuration before"
    assert not np.array_equal(look_at(made, cache), right)
    assert {found[: len(part)] for found in differing(parts[0], parts[-1])} == {part}, "nothing else told them apart"


def test_intensity_is_part_of_what_an_example_is(made: Document, cache: Path, tmp_path: Path) -> None:
    other = changed(made, "data.intensity", [0, 128])
    right = look_at(other, tmp_path / "empty")
    assert np.array_equal(look_at(other, cache), right)
    assert not np.array_equal(look_at(made, cache), right)


def test_a_file_that_was_replaced_is_another_example(made: Document, cache: Path, tmp_path: Path) -> None:
    pictures = Path(shutil.copytree(made["data"]["path"], tmp_path / "pictures"))
    other = changed(made, "data.path", str(pictures))
    watch = Listener()
    before = look_at(other, cache, watch, is_anew=True)
    assert not watch.computed, "a copy elsewhere is the same data"
    for number in range(8):
        _write(pictures, number, np.full((32, 32, 3), 10 * number, np.uint8))
    right = look_at(other, tmp_path / "empty", is_anew=True)
    assert np.array_equal(look_at(other, cache, is_anew=True), right)
    assert not np.array_equal(before, right)


def test_a_file_that_changes_while_it_is_read_is_not_stored(
    made: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = Path(shutil.copytree(made["data"]["path"], tmp_path / "pictures"))
    compute = extraction.FeatureExtractor._compute_group

    def rewriting(self: extraction.FeatureExtractor, *arguments: Any) -> np.ndarray:
        _write(pictures, 2, np.zeros((32, 32, 3), np.uint8))
        return compute(self, *arguments)

    monkeypatch.setattr(extraction.FeatureExtractor, "_compute_group", rewriting)
    with pytest.raises(DataError, match="changed since the run began"):
        look_at(changed(made, "data.path", str(pictures)), tmp_path / "cache", is_anew=True)
    assert not list(tmp_path.glob("cache/features/*/shards/*"))


def _keys(made: Document, cache: Path) -> list[str]:
    session, whole = open_session({**made, "runtime": {"cache_directory": str(cache)}})
    stores = sorted(whole.decision.stored, key=lambda store: store.id)
    parts = [
        store_key.key_parts(session, whole.chunk, whole.phases[0].stages, store) for store in stores if store.stages
    ]
    return [key_of(one, 1) for one in parts]


def test_chunk_and_kernels_make_another_store(made: Document, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = _keys(made, cache)
    assert known == _keys(made, cache)
    assert known != _keys(changed(made, "defaults.batch_size", 9), cache)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert known != _keys(made, cache)


def test_the_image_size_makes_another_store(made: Document, tmp_path: Path) -> None:
    """Rows of pooled features are equally long at any size."""
    sized = [
        changed(made, "backbone", {"kind": "applications", "name": "MobileNetV2", "weights": None, "image_size": size})
        for size in (32, 64)
    ]
    assert _keys(sized[0], tmp_path) != _keys(sized[1], tmp_path)


@pytest.mark.parametrize("suffix", [".rows", ".index"])
@pytest.mark.parametrize("is_cut", [True, False], ids=["truncated", "altered"])
def test_damage_is_noticed_and_mended(suffix: str, is_cut: bool, made: Document, cache: Path) -> None:
    right = look_at(made, cache)
    damaged = next(cache.glob(f"features/*/shards/*{suffix}"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content[: len(content) // 3] if is_cut else content)
    watch = Listener()
    assert np.array_equal(look_at(made, cache, watch), right)
    assert [note for note in watch.notes if "are damaged" in note]
    assert watch.computed
    watch = Listener()
    assert np.array_equal(look_at(made, cache, watch), right)
    assert ([note for note in watch.notes if "damaged" in note], watch.computed) == ([], 0)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of every call of the frozen part."""
    made: list[int] = []
    chunk = Prefix.chunk

    def counted(self: Prefix, piece: Any, first: int = 0, last: int | None = None) -> Any:
        made.append(len(piece))
        return chunk(self, piece, first, last)

    monkeypatch.setattr(Prefix, "chunk", counted)
    return made


def test_folds_share_what_is_stored(made: Document, tmp_path: Path, calls: list[int]) -> None:
    plain = changed(made, "phases.0.augment", "none")
    for fold in range(3):
        folds = changed(plain, "data.splits", {"folds": 3, "fold": fold})
        look_at(folds, tmp_path / "cache")
        assert sum(calls) == 24, "20 pictures in chunks of 8, once"
    stores = [json.loads(path.read_text())["about"]["cut"] for path in tmp_path.glob("cache/features/*/store.json")]
    assert stores.count("head_pooling") == 1
