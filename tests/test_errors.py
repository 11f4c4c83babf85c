from __future__ import annotations

import errno

import pytest

from kerastune_ft.errors import ConfigError, KerasTuneError, ResourceError, explain_exhaustion


class ResourceExhaustedError(Exception):
    """TensorFlow's is known by its name, so that nothing imports TensorFlow for it."""


@pytest.mark.parametrize(
    ("raised", "remedy"),
    [
        (MemoryError(), 'halve "batch_size"'),
        (ResourceExhaustedError("OOM when allocating"), 'halve "batch_size"'),
        (OSError(errno.ENOSPC, "No space left on device", "run/x"), r"no space left \(run/x\): free some"),
        (OSError(errno.EDQUOT, "Quota exceeded", "run/x"), "no space left"),
    ],
)
def test_memory_and_disk_that_run_out_have_a_remedy(raised: Exception, remedy: str) -> None:
    with pytest.raises(ResourceError, match=remedy) as caught, explain_exhaustion():
        raise raised
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [OSError(errno.EACCES, "Permission denied"), ValueError("x"), ConfigError("y")])
def test_other_errors_stay_what_they_are(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught, explain_exhaustion():
        raise raised
    assert caught.value is raised


def test_exit_codes_are_all_different() -> None:
    codes = [error.exit_code for error in (KerasTuneError, *KerasTuneError.__subclasses__())]
    assert len(set(codes)) == len(codes)
