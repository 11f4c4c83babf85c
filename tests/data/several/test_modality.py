"""Several inputs are columns of a table and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.data.modalities import MODALITIES
from kerastune_ft.errors import ConfigError


@pytest.mark.parametrize(
    "read",
    [
        lambda each: each.read_files(None, None, None),
        lambda each: each.read_array(None, None, None),
        lambda each: each.find_embedded("cells"),
        lambda each: each.read_embedded("cells", None),
        lambda each: each.store_form(None, None, None),
    ],
)
def test_other_data_than_a_table_is_refused(read: Any) -> None:
    with pytest.raises(ConfigError, match="several inputs are columns of a table"):
        read(MODALITIES["several_inputs"])
