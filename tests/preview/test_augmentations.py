"""`plan --pictures`: what it shows is what training will read."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kerastune_ft.api import engine
from kerastune_ft.cli.commands import main
from kerastune_ft.input.order import order_batches, shuffle_batches
from kerastune_ft.preview.augmentations import _describe_views, draw
from kerastune_ft.preview.choose_examples import choose_examples
from kerastune_ft.training.engine import make_plan
from kerastune_ft.training.plan.phase_plan import augmentation

CLASSES = ("ant", "bee", "cow")


SIDE = 32


AUGMENT = {"flip": "both", "rotate": 0.1, "zoom": 0.2, "brightness": 0.2, "contrast": 0.2, "erase": 0.5}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        (place / "photos" / name).mkdir(parents=True)
        for index in range(10):
            pixels = random.integers(0, 256, (20, 30, 3), np.uint8)
            Image.fromarray(pixels).save(place / "photos" / name / f"{number}{index}.png")
    images = keras.Input((SIDE, SIDE, 3))
    keras.Model(images, keras.layers.Conv2D(4, 3, strides=4)(images)).save(place / "small.keras")
    phase = {"unfreeze": "none", "epochs": 3, "learning_rate": 0.01, "batch_size": 5}
    return {
        "task": {"kind": "image_classification"},
        "data": {"kind": "folder", "path": str(place / "photos")},
        "backbone": {"kind": "saved", "path": str(place / "small.keras"), "input": "0-1"},
        "phases": [
            {"name": "plain", **phase},
            {"name": "varied", **phase, "augment": AUGMENT, "mixup": 0.4, "cutmix": 1.0},
        ],
        "runtime": {"cache_directory": str(place / "cache")},
    }


def _pictures(page: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))[1::3, 1::3] for text in found]


@pytest.mark.slow
def test_the_pictures_are_the_pixels_of_training(config: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "look.html"
    session, plan, _ = make_plan(engine.resolve_config(config, ()), lambda line: None)
    draw(session, plan, target)
    page = target.read_text()
    chosen = choose_examples(session.source, 6)
    assert [session.source.label_texts[index] for index in chosen] == ["ant", "ant", "bee", "bee", "cow", "cow"]
    for index in chosen:
        assert page.count(f"<small>{session.source.keys[index]}</small>") == 1
    assert "phase plain: no augmentation, every epoch sees the images as resized" in page
    assert "phase varied: flip both, rotate 0.1" in page
    assert "erase 0.5, mixup 0.4, cutmix 1.0 (it ends" in page
    assert "(it ends with epoch 3 at the latest)" in page
    rows = np.stack(_pictures(page)).reshape(6, 6, SIDE, SIDE, 3)
    drawn = augmentation(session, plan.phases[1])
    for epoch in (0, 1, 4):
        # The order, the batches and the address of training itself.
        order = shuffle_batches(session.source.splits["train"], 5, 1, (0, 1, epoch))
        seen = {}
        for images, _, weights, indices in session.loader.batches(order, 1, drawn, epoch):
            seen |= {int(index): image for index, image, w in zip(indices, images.numpy(), weights, strict=True) if w}
        for row, index in enumerate(chosen):
            assert np.abs(rows[row, 1 + epoch] - seen[int(index)]).max() <= 0.51
    assert len({row.tobytes() for row in rows[0]}) == 6


def test_of_views_there_are_as_many_pictures(config: dict[str, Any], tmp_path: Path) -> None:
    plain = {"mixup": 0, "cutmix": 0}
    phases = [{**config["phases"][1], **plain, "augment": {"erase": 1.0, "views": 2}}]
    session, plan, _ = make_plan(engine.resolve_config({**config, "phases": phases}, ()), lambda line: None)
    assert plan.document["phases"][0]["augment"]["views"] == 2
    draw(session, plan, tmp_path / "look.html")
    page = (tmp_path / "look.html").read_text()
    assert "phase varied: erase 1.0; 2 views take turns by epoch<" in page
    assert re.findall(r"<th>(\w+ \d+)</th>", page) == ["view 1", "view 2"]
    rows = np.stack(_pictures(page)).reshape(6, 3, SIDE, SIDE, 3)
    drawn = augmentation(session, plan.phases[0])
    order = order_batches(choose_examples(session.source, 6), 6)
    images, *_ = next(iter(session.loader.batches(order, 1, drawn, epoch=3)))
    assert np.abs(rows[:, 2] - images.numpy()).max() <= 0.51
    assert np.abs(rows[:, 1] - images.numpy()).max() > 50


@pytest.mark.parametrize(
    ("views", "epochs", "remark"),
    [
        (None, 5, ""),
        (None, 4, " (it ends with epoch 4 at the latest)"),
        (1, 9, "; every epoch sees the same view"),
        (3, 3, "; 3 views take turns by epoch"),
        (7, 9, "; 7 views take turns by epoch, the first 5 are shown"),
        (4, 3, "; of 4 views it sees 3 at most, one an epoch"),
    ],
)
def test_the_title_tells_when_the_pictures_are_seen(views: int | None, epochs: int, remark: str) -> None:
    assert _describe_views(views, epochs) == remark


def _plan(config: dict[str, Any], place: Path, *words: str) -> Result:
    (place / "config.json").write_text(json.dumps(config))
    return CliRunner().invoke(main, ["plan", str(place / "config.json"), *words])


def test_the_command_writes_a_png_and_says_so(config: dict[str, Any], tmp_path: Path) -> None:
    hidden = {**config, "output": {"examples": False}, "phases": config["phases"][:1]}
    result = _plan(hidden, tmp_path, "--pictures", str(tmp_path / "look.png"), "--json")
    assert result.exit_code == 0, result.output
    assert "look.png shows training examples with their names: share it with care" in result.stderr
    notes = json.loads(result.stdout)["notes"]
    assert any("cuts off 33 % of every image's area" in note for note in notes)
    with Image.open(tmp_path / "look.png") as image:
        assert image.format == "PNG"
        assert image.height > 6 * 96
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
