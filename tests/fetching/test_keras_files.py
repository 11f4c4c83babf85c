from __future__ import annotations

import keras
import pytest

from kerastune_ft.errors import DataError
from kerastune_ft.fetching.keras_files import replace_get_file


def test_keras_names_its_weights_with_their_digest() -> None:
    asked = []

    def stop(name: str, url: str, digest: str) -> str:
        asked.append((name, url, digest))
        raise DataError("stopped")

    with replace_get_file(stop), pytest.raises(DataError):
        keras.applications.VGG16(include_top=False, input_shape=(32, 32, 3))
    ((name, url, digest),) = asked
    assert url.startswith("https://") and url.endswith(name) and len(digest) in (32, 64)
