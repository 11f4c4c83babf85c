from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import devices, gpu_memory
from kerastune_ft.training.devices.memory import find_limit

GPUS = ["first GPU", "second GPU"]


class Context:
    """What TensorFlow keeps of the settings of physical devices, with its rules: nothing changes once initialised."""

    def __init__(self) -> None:
        self.growth: dict[str, bool] = {}
        self.limits: dict[str, list[int]] = {}
        self.is_initialised = False

    def set_growth(self, gpu: str, wanted: bool) -> None:
        if gpu in self.limits:
            raise ValueError("Cannot set memory growth on device when virtual devices configured")
        if self.growth.get(gpu) != wanted:
            self._check()
        self.growth[gpu] = wanted

    def divide(self, gpu: str, parts: list[Any]) -> None:
        limits = [part.memory_limit for part in parts]
        if self.limits.get(gpu) != limits:
            self._check()
        self.limits[gpu] = limits

    def _check(self) -> None:
        if self.is_initialised:
            raise RuntimeError("Physical devices cannot be modified after being initialized")


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Context:
    made = Context()
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", made.set_growth)
    monkeypatch.setattr(tf.config, "set_logical_device_configuration", made.divide)
    return made


@pytest.mark.parametrize(("asked", "growth"), [("grow", True), ("all", False)])
def test_words_set_the_growth_of_every_gpu(context: Context, asked: str, growth: bool) -> None:
    gpu_memory.limit_memory(GPUS, asked)
    assert (context.growth, context.limits) == (dict.fromkeys(GPUS, growth), {})


@pytest.mark.parametrize(("asked", "mebibytes"), [("8GiB", 8192), (2**30, 1024), ("1.5GB", 1430)])
def test_a_size_is_the_limit_of_every_gpu_in_whole_mebibytes(
    context: Context, asked: str | int, mebibytes: int
) -> None:
    gpu_memory.limit_memory(GPUS, asked)
    assert (context.growth, context.limits) == ({}, {gpu: [mebibytes] for gpu in GPUS})


@pytest.mark.parametrize("asked", ["grow", "all", "8GB"])
def test_the_same_setting_may_come_again_in_a_process(context: Context, asked: str) -> None:
    gpu_memory.limit_memory(GPUS, asked)
    context.is_initialised = True
    gpu_memory.limit_memory(GPUS, asked)


@pytest.mark.parametrize(("first", "second"), [("grow", "8GB"), ("grow", "all"), ("8GB", "9GB"), ("8GB", "all")])
def test_another_one_needs_a_new_process(context: Context, first: str, second: str) -> None:
    gpu_memory.limit_memory(GPUS, first)
    context.is_initialised = True
    with pytest.raises(ConfigError, match=r"runtime.gpu_memory: .* start a new process"):
        gpu_memory.limit_memory(GPUS, second)


@pytest.mark.parametrize("first", ["all", "8GB"])
def test_the_usual_one_leaves_gpus_that_are_in_use_as_they_are(context: Context, first: str) -> None:
    gpu_memory.limit_memory(GPUS, first)
    context.is_initialised = True
    gpu_memory.limit_memory(GPUS, "grow")
    assert context.growth.get(GPUS[0]) is not True


def test_the_gpus_are_set_before_a_strategy_is_made(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: GPUS if kind == "GPU" else [])
    found = devices.resolve(Runtime(strategy="none", gpu_memory="8GB", deterministic=False))
    assert context.limits == {gpu: [7629] for gpu in GPUS}
    assert str(found) == "GPU:0 (at most 8.0 GB)"


def test_without_a_gpu_it_is_said_that_it_has_no_effect() -> None:
    found = devices.resolve(Runtime(strategy="none", gpu_memory="8GB", deterministic=False))
    assert found.note.endswith("; gpu_memory has no effect")
    assert "gpu_memory" not in devices.resolve(Runtime(strategy="none", deterministic=False)).note


def test_all_and_several_gpus_are_said() -> None:
    assert gpu_memory.describe_limit(GPUS, "all") == "all memory of 2 GPUs taken at once"
    assert gpu_memory.describe_limit(GPUS[:1], "all") == "all memory taken at once"
    assert gpu_memory.describe_limit(GPUS, 2**30) == "at most 1.1 GB each"
    assert gpu_memory.describe_limit(GPUS, "grow") == gpu_memory.describe_limit([], "grow") == ""


def test_the_limit_counts_for_estimates_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    limit = find_limit(("GPU:0",), allowed=8 * 10**9)
    assert limit is not None
    assert (limit.bytes, limit.source) == (8 * 10**9, "runtime.gpu_memory")
    assert find_limit(("GPU:0",)) is None
