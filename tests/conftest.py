"""How the tests are shared out where several processes run them (`pytest -n 2 --dist loadgroup`)."""

from __future__ import annotations

from pathlib import Path

import pytest

# Tests of whole runs share trained runs, in the folders of these fixtures; in one process they are trained once.
SHARING = ("training", "inference")
SHARED = {"folder", "workplace"}


# First, since pytest-xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share something costly together, file by file or folder by folder."""
    for item in items:
        path = Path(item.path)
        shares = path.parent.name in SHARING and not SHARED.isdisjoint(getattr(item, "fixturenames", ()))
        group = path.parent.name if shares else path.name
        item.add_marker(pytest.mark.xdist_group(group))
