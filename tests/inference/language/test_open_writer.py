"""How a run answers, as it has it and as users ask for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.language.open_writer import choose_generation, find_role, open_writer

CONFIG: Any = SimpleNamespace(task=SimpleNamespace(generate=Generation(temperature=0.5, top_k=9)))


def test_what_is_given_goes_before_what_the_run_has():
    assert choose_generation(CONFIG, {}) == CONFIG.task.generate
    given = {"stop": ("x",), "top_k": 3}
    assert choose_generation(CONFIG, given) == Generation(temperature=0.5, top_k=3, stop=("x",))
    with pytest.raises(ConfigError, match="--top-k has no effect where"):
        choose_generation(CONFIG, {"temperature": 0.0, "top_k": 3})
    with pytest.raises(ConfigError, match="--length: 3: extra"):
        choose_generation(CONFIG, {"length": 3})


def test_prompts_are_a_user_s_unless_texts_were_learnt_whole():
    assert find_role({"language": {}}) == find_role({"language": {"texts_alone": False}}) == "user"
    assert find_role({"language": {"texts_alone": True}}) == "text"


def test_a_run_that_writes_no_texts_is_refused():
    with pytest.raises(ConfigError, match="answers no texts"):
        open_writer("runs/photos-1", {"language": None})  # type: ignore[arg-type]


def test_a_model_that_writes_texts_for_others_has_no_conversations():
    assert find_role({"pair": {"shapes": []}}) == "user"
    with pytest.raises(ConfigError, match="answers no texts"):
        open_writer("runs/summaries-1", {"pair": {"shapes": []}})  # type: ignore[arg-type]
