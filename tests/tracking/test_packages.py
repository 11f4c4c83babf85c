from __future__ import annotations

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.tracking.packages import import_package


def test_a_package_that_is_not_there_is_named_with_the_line_that_installs_it() -> None:
    import json

    assert import_package("json", "x") is json
    with pytest.raises(ConfigError, match=r"output.trackers: no_such_package cannot.*python -m pip install \"it>=3\""):
        import_package("no_such_package", '"it>=3"')
