from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.explaining.scores import SCORES
from kerastune_ft.explaining.texts import TextExplainer, name_token
from kerastune_ft.training.session.session import Session
from tests.support.probe_sessions import open_session
from tests.support.tiny_text import text_document, write_texts


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("explained")
    made = text_document(write_texts(folder / "texts.csv"))
    made["runtime"] = {"strategy": "none", "cache_directory": str(folder / "cache")}
    return open_session(made)


@pytest.mark.slow
def test_parts_of_tokens_sum_to_the_change(session: Session) -> None:
    explainer = TextExplainer(session, SCORES["one"])
    index = int(session.source.splits["test"][0])
    found = explainer.explain(index)
    about = found.about
    assert about["missed"] <= 0.05 * abs(about["change"]) + 1e-4
    np.testing.assert_allclose(found.heat.sum(), about["change"], atol=about["missed"] + 1e-3)
    (inputs,) = session.loader.inputs(np.array([index]), 1)
    # Special tokens and padding are neither erased nor shown.
    _, allowed, _ = explainer.find_heat(inputs, found.chosen)
    assert len(about["tokens"]) == allowed.sum() < len(allowed)
    assert found.heat[~allowed] == pytest.approx(0.0, abs=1e-6)
    # Erasing nothing changes nothing, and erasing all gives what the way begins at.
    np.testing.assert_allclose(
        explainer.erase_and_answer(inputs, np.zeros((1, len(allowed)), bool))[0], explainer.answer(inputs), atol=1e-5
    )
    first = explainer.erase_and_answer(inputs, allowed[None])
    last = explainer.answer(inputs)[None]
    change = [SCORES["one"].tensor(each, found.chosen).numpy()[0] for each in (first, last)]
    assert change[1] - change[0] == pytest.approx(about["change"], abs=1e-3)


class _Tokenizer:
    def __init__(self, names: dict[int, str]) -> None:
        self._names = names

    def id_to_token(self, number: int) -> str:
        return self._names[number]


def test_tokens_are_named_as_they_stand_in_a_text() -> None:
    tokenizer = _Tokenizer({1: "good", 2: "##ness", 3: "\u0120well", 4: "\u2581so"})
    assert "".join(name_token(tokenizer, number) for number in (1, 2, 3, 4)) == " goodness well so"
    no_words: Any = SimpleNamespace()
    assert [name_token(no_words, number) for number in (97, 200)] == ["a", "\N{REPLACEMENT CHARACTER}"]
