from __future__ import annotations

import pytest

from kerastune_ft.config.facts.applications import APPLICATIONS


@pytest.mark.slow
def test_the_table_of_applications_is_that_of_keras() -> None:
    import inspect
    import math

    import keras

    functions = {name: one for name, one in vars(keras.applications).items() if inspect.isfunction(one)}
    assert set(functions) == set(APPLICATIONS)
    for name, facts in APPLICATIONS.items():
        assert set(facts.options) <= set(inspect.signature(functions[name]).parameters)
    # Small ones, because every model built costs its memory; one family each.
    for name in ("MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "DenseNet121", "EfficientNetB0"):
        with keras.StatelessScope():
            size = functions[name](weights=None).input_shape[1]
            body = functions[name](weights=None, include_top=False)
        weights = [one for one in body.variables if not one.path.endswith("seed_generator_state")]
        counted = sum(math.prod(one.shape) for one in weights)
        # MobileNetV3 leaves its size open; 224 is what it was trained at.
        assert (size or 224, counted) == (APPLICATIONS[name].image_size, APPLICATIONS[name].parameters)
