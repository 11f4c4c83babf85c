from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import tpu

NAMES = ("PJRT_DEVICE", "NEXT_PLUGGABLE_DEVICE_USE_C_API", "TF_PLUGGABLE_DEVICE_LIBRARY_PATH", "TF_XLA_FLAGS")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "TPU_NAME", "TPU_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)


def _file(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine with a TPU v4 and the packages for it."""
    _file(tmp_path / "dev/accel0")
    _file(tmp_path / "site/libtpu/__init__.py")
    _file(tmp_path / "site/libtpu/libtpu.so", b"\x7fELF\0ConfigureDistributedTpuOp_DoWork\0GetPjrtApi\0")
    _file(tmp_path / "site/tensorflow_tpu-2.20.0.dist-info/METADATA", b"Name: tensorflow-tpu\nVersion: 2.20.0\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path


class _FakeStrategy:
    num_replicas_in_sync = 8


@pytest.fixture
def initialised(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow, told in time, has initialised a TPU of eight cores."""
    from kerastune_ft.training.devices import tpu_strategy

    for function in (tpu.obstacle, tpu.is_there, tpu.library, tpu.variables):
        monkeypatch.setattr(function, "__defaults__", (machine,))
    for name, value in tpu.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tpu_strategy, "_initialise", lambda name: _FakeStrategy())


@pytest.mark.parametrize("strategy", ["tpu", "auto"])
def test_all_cores_are_used_and_sums_are_of_a_type_that_they_can_sum(initialised: None, strategy: str) -> None:
    from kerastune_ft.training.devices import devices

    found = devices.resolve(Runtime(strategy=strategy, precision="float32"))
    assert (found.kind, found.replicas, found.names[-1], found.deterministic) == ("tpu", 8, "TPU:7", False)
    assert found.sum_dtype.name == "float32"
    with pytest.raises(ConfigError, match=r"runtime\.replicas: 4 asked for.* 8 cores; remove it"):
        devices.resolve(Runtime(strategy=strategy, replicas=4))


def test_tensorflow_imported_too_early_is_named(initialised: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from kerastune_ft.training.devices import devices

    monkeypatch.delenv("PJRT_DEVICE")
    with pytest.raises(ConfigError, match=r"imported before PJRT_DEVICE could be set.*restart the kernel"):
        devices.resolve(Runtime(strategy="tpu"))


def test_a_tpu_that_does_not_answer_is_an_error_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    from kerastune_ft.training.devices import tpu_strategy

    def connect(name: str) -> None:
        raise tf.errors.NotFoundError(None, None, "TPUs not found in the cluster.\nAt:")

    monkeypatch.setattr(tf.distribute.cluster_resolver.TPUClusterResolver, "connect", connect)
    with pytest.raises(ConfigError, match=r"'local' could not be initialised \(TPUs not found in the cluster\.\)"):
        tpu_strategy._initialise("local")
