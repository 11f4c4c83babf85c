from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.doctor.selftest.samples import EXAMPLES, SAMPLES, TRAINED, Sample, write_data


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("runtime", [{}, {"replicas": 4}, {"cache": "off"}, {"strategy": "none"}])
def test_the_configuration_of_a_sample_is_a_right_one(
    sample: Sample, runtime: dict[str, object], tmp_path: Path
) -> None:
    settings = read(sample.document(tmp_path / "data.npz", runtime))
    assert [phase.name for phase in settings.phases] == ["head", TRAINED]


def test_weights_are_those_of_the_package() -> None:
    assert all(sample.weights is None or sample.weights.is_file() for sample in SAMPLES)


def test_data_are_the_same_every_time_and_hold_the_arrays_of_all_samples(tmp_path: Path) -> None:
    with np.load(write_data(tmp_path / "a.npz")) as one, np.load(write_data(tmp_path / "b.npz")) as other:
        assert set(one.files) == {"y", *(sample.array for sample in SAMPLES)}
        assert all(len(one[name]) == EXAMPLES and (one[name] == other[name]).all() for name in one.files)
        assert set(one["y"]) == {0, 1}
