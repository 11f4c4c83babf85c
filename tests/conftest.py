"""How the tests are divided where several processes run them (`pytest -n 2 --dist loadgroup`)."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerastune_ft.notebook.speech import serving_commands

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.source_fixtures", "tests.support.tiny_search"]

# The folders of these fixtures hold trained runs that several files use; in one process each run is trained once.
SHARED = ("folder", "workplace", "searched")


# Folders whose tests take longest begin first, so that no process waits long for the other in the end.
LONGEST = ("runs", "scripts", "conformance", "training")


@pytest.fixture(autouse=True, scope="session")
def _speak_of_commands() -> Iterator[None]:
    """Messages are pinned as they are written, which is as commands say them; tests of notebook/ speak Python."""
    with serving_commands():
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-xdist, which would begin with the groups of the most tests, keep the order of this file."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


# First, since pytest-xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give tests to one process that share something costly: all of a file, and all that use a shared folder."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    if getattr(config.option, "dist", "no") != "no" or hasattr(config, "workerinput"):
        items.sort(key=_rank)


def pytest_collection_finish() -> None:
    """Keep the collector of garbage off the modules that the tests import."""
    _freeze_modules()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Keep the collector off what a file imported late, once its tests are over."""
    if nextitem is not None and nextitem.path != item.path:
        _freeze_modules()


_frozen = 0


def _freeze_modules() -> None:
    """Take what lives out of every later search for garbage, where many modules came since it was last done.

    TensorFlow and Keras are half a million objects that live to the end. Searching them whenever Keras forgets its
    models took a third of the tests' time.
    """
    global _frozen
    if len(sys.modules) > _frozen + 100:
        gc.collect()
        gc.freeze()
        _frozen = len(sys.modules)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    shares = any(_is_of_session(item, name) for name in SHARED)
    folders = [LONGEST.index(name) for name in Path(item.path).parts if name in LONGEST]
    return not shares, min(folders, default=len(LONGEST))


def _group(item: pytest.Item) -> str:
    shared = [name for name in SHARED if _is_of_session(item, name)]
    return f"runs in {shared[0]}" if shared else item.nodeid.partition("::")[0]


def _is_of_session(item: pytest.Item, name: str) -> bool:
    """Whether a test uses the fixture of all files, and not one of the same name of its own file."""
    info = getattr(item, "_fixtureinfo", None)
    definitions = info.name2fixturedefs.get(name, ()) if info else ()
    return bool(definitions) and definitions[-1].scope == "session"
