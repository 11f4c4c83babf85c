from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.tracking.packages import import_package


def test_a_package_that_is_not_there_is_named_with_the_line_that_installs_it() -> None:
    import json

    assert import_package("json", "x") is json
    with pytest.raises(ConfigError, match=r"output.trackers: no_such_package cannot.*python -m pip install \"it>=3\""):
        import_package("no_such_package", '"it>=3"')


def test_a_package_that_does_not_work_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("raise TypeError('descriptors cannot be made')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigError, match=r"broken_package cannot be imported \(descriptors cannot be made\)"):
        import_package("broken_package", "it")
