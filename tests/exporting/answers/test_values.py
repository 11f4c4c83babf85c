from __future__ import annotations

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Samples
from kerastune_ft.exporting.answers.values import compare


def test_one_value_is_compared_in_deviations_and_scored_in_its_unit() -> None:
    scheme = LabelScheme("values", ("age",), (40.0,), (5.0,))
    rows, answers = [{"value": 30.0}, {"value": 50.0}], [{"value": 31.0}, {"value": 50.0}]
    found = compare(scheme, Samples(["a", "b"], [[28.0], [50.0]]), rows, answers)
    assert found.differences == pytest.approx([0.2, 0.0])
    assert (found.of_run, found.of_export) == pytest.approx((1.0, 1.5))
    assert found.flips is None


def test_several_values_have_names() -> None:
    scheme = LabelScheme("values", ("x", "y"), (0.0, 0.0), (1.0, 10.0))
    found = compare(
        scheme, Samples(["a"], [[1.0, 2.0]]), [{"value_x": 1.0, "value_y": 2.0}], [{"values": {"x": 1.0, "y": 7.0}}]
    )
    assert found.differences == pytest.approx([0.5])
    assert found.of_export == pytest.approx(2.5)
