from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.runtime import EveryEpoch, EveryMinutes, EverySteps, Runtime, cache_directory
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import messages, with_change


def test_the_cache_is_the_options_else_the_environments_else_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("KERASTUNE_CACHE", "~/fast")
    assert cache_directory(Runtime(cache_directory="/scratch")) == Path("/scratch")
    assert cache_directory(Runtime()) == Path("/home/ada/fast")
    monkeypatch.delenv("KERASTUNE_CACHE")
    assert cache_directory(Runtime()) == Path("/home/ada/.cache/kerastune_ft")


def test_a_cache_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", "gs://bucket/cache")
    with pytest.raises(ConfigError, match=r"KERASTUNE_CACHE is gs://bucket/cache; .* local disk"):
        cache_directory(Runtime())


@pytest.mark.parametrize(
    ("every", "kind"), [("epoch", EveryEpoch), ({"steps": 5}, EverySteps), ({"minutes": 0.5}, EveryMinutes)]
)
def test_checkpoints_come_by_epochs_steps_or_minutes(every: object, kind: type) -> None:
    assert isinstance(read(with_change("output.checkpoint.every", every)).output.checkpoint.every, kind)


@pytest.mark.parametrize("every", ["step", {"steps": 5, "minutes": 1}, 7])
def test_any_other_interval_says_what_to_write(every: object) -> None:
    (message,) = messages(with_change("output.checkpoint.every", every)).values()
    assert 'write "epoch", {"steps": 500} or {"minutes": 10}' in message
