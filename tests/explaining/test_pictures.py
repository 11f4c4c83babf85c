from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.pictures import PictureExplainer, SoundExplainer, paint
from kerastune_ft.explaining.scores import SCORES
from kerastune_ft.training.session.session import Session
from tests.support.probe_sessions import image_document, open_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("explained")
    return open_session(image_document(folder))


def test_what_is_erased_is_the_mean_colour(session: Session) -> None:
    explainer = PictureExplainer(session, SCORES["one"])
    index = int(session.source.splits["test"][0])
    found = explainer.explain(index)
    (inputs,) = session.loader.inputs(np.array([index]), 1)
    (picture,) = np.asarray(inputs, np.float32)
    grid = found.heat.shape
    flags = np.zeros((2, *grid), bool)
    flags[1, 0, 0] = True
    rows, columns = picture.shape[0] // grid[0], picture.shape[1] // grid[1]
    by_hand = picture.copy()
    by_hand[:rows, :columns] = picture.mean(axis=(0, 1))
    left = explainer.erase_and_answer(inputs, flags)
    expected = np.asarray(session.model(np.stack([picture, by_hand]), training=False))
    np.testing.assert_allclose(left, expected, atol=1e-4)
    assert found.measured == pytest.approx(float(SCORES["one"].measure(expected[:1], found.chosen)[0]), abs=1e-5)
    assert found.heat.min() >= 0 and found.heat.max() <= 1
    assert [file.suffix for file in explainer.draw(found)] == ["jpg"]
    again = explainer.explain(index)
    assert (again.hot, again.random) == (found.hot, found.random)


def test_a_model_without_a_spectrogram_is_refused_as_sound(session: Session) -> None:
    with pytest.raises(ConfigError, match="makes no spectrogram as a picture"):
        SoundExplainer(session, SCORES["one"])


def test_cold_places_keep_the_picture() -> None:
    pixels = np.full((60, 80, 3), 100, np.uint8)
    heat = np.zeros((3, 4))
    heat[0, 0] = 1
    painted = paint(pixels, heat)
    assert painted.shape == (168, 224, 3)
    assert painted[-1, -1].tolist() == [100, 100, 100]
    assert painted[5, 5, 0] > 150
