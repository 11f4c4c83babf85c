"""Which metrics have answers generated, and for how many examples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.language.tasks import CausalLm, Generation
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.writing.sampled import Sampled


def _session(**task: Any) -> Any:
    options = CausalLm(kind="causal_lm", **task)
    return SimpleNamespace(config=SimpleNamespace(task=options, name="talk"), task=SimpleNamespace(generator=None))


def test_metrics_of_the_configuration_have_their_sample():
    assert Sampled.of(_session()) == Sampled((), 100)
    own = Sampled.of(_session(metrics=("rouge_l", "exact_match"), generate=Generation(examples=7)))
    assert own == Sampled(("rouge_l", "exact_match"), 7)
    assert own.keep("exact_match") == Sampled(("exact_match",), 7) and own.keep("loss").metrics == ()


def test_without_metrics_nothing_is_generated():
    measured = {"loss": np.ones(2)}
    assert Sampled((), 3).add_to(_session(), np.arange(2), measured, "test", None) is measured  # type: ignore[arg-type]


def test_a_model_that_answers_nothing_has_no_sample():
    assert Sampled.choose(_session(), None) == Sampled((), 100)
    with pytest.raises(ConfigError, match="--sample: the model of talk answers nothing here"):
        Sampled.choose(_session(), 5)
