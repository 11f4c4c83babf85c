from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator

import pytest

from kerastune_ft import quiet_imports
from kerastune_ft.quiet_imports import tensorflow_import, without_remarks_of_sentence_piece


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not imported it."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("without_tensorflow")
def test_what_is_imported_is_not_searched_for_garbage_then_or_later() -> None:
    with tensorflow_import():
        assert not gc.isenabled()
        imported = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(imported)
    assert not any(one is imported for one in gc.get_objects())


@pytest.mark.usefixtures("without_tensorflow")
def test_a_failed_import_leaves_the_collector_as_it_was() -> None:
    gc.disable()
    try:
        with pytest.raises(ImportError), tensorflow_import():
            raise ImportError
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pytest.raises(ImportError), tensorflow_import():
        raise ImportError
    assert gc.isenabled()


def test_models_of_a_caller_who_has_tensorflow_already_can_be_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    before = gc.get_freeze_count()
    with tensorflow_import():
        assert gc.isenabled()
    assert gc.get_freeze_count() == before


def test_the_stop_button_waits_for_the_import() -> None:
    """What is imported by half cannot be imported again in the same process."""
    done = False
    with pytest.raises(KeyboardInterrupt), tensorflow_import():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done = True
    assert done
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_command_is_interrupted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_imports, "_is_own", True)
    with pytest.raises(KeyboardInterrupt), tensorflow_import():
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the import went on")


def test_lines_from_before_there_is_a_log_go_nowhere(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    with tensorflow_import():
        os.write(2, b"noise\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with tensorflow_import():
        os.write(2, b"asked for\n")
    assert capfd.readouterr().err == "asked for\n"


def test_of_what_is_said_where_a_tokenizer_is_opened_one_remark_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    remark = b"normalizer.cc(51) LOG(INFO) precompiled_charsmap is empty. use identity normalization.\n"
    with pytest.raises(ValueError), without_remarks_of_sentence_piece():
        os.write(2, b"before\n" + remark + b"LOG(ERROR) a true one\n")
        raise ValueError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nLOG(ERROR) a true one\nafter\n"


@pytest.mark.parametrize("is_own", [True, False])
def test_only_a_process_of_our_own_hides_what_keras_does_not_need(
    is_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    monkeypatch.setattr(quiet_imports, "_is_own", is_own)
    monkeypatch.setattr(quiet_imports, "_UNUSED", ("colorsys",))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with tensorflow_import():
        if is_own:
            with pytest.raises(ImportError):
                importlib.import_module("colorsys")
        else:
            importlib.import_module("colorsys")
    importlib.import_module("colorsys")


def test_a_process_of_our_own_ends_for_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_imports, "_is_own", False)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        warnings.filterwarnings("error", "a text", UserWarning)
        quiet_imports.own_process()
        warnings.warn("a text", UserWarning, stacklevel=1)
        warnings.warn("another", DeprecationWarning, stacklevel=1)
        assert len(shown) == 2
    assert quiet_imports.is_own_process()


@pytest.mark.parametrize("name", ["XLA_FLAGS", "TF_XLA_FLAGS"])
def test_flags_that_tensorflow_may_refuse_are_answered_aloud(
    name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    monkeypatch.setenv(name, "--nonsense")
    with tensorflow_import():
        os.write(2, b"Unknown flag\n")
    assert capfd.readouterr().err == "Unknown flag\n"
