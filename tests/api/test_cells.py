from __future__ import annotations

import logging
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.api import cells, training
from kerastune_ft.errors import Interrupted
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.streams import say
from tests.support.kernels import be_in


def work(what: str, *, stop: bool = False) -> str:
    """Do some work."""
    say(f"{what} begins")
    if stop:
        raise KeyboardInterrupt
    return what.upper()


def test_a_call_says_all_in_one_output(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = be_in(monkeypatch)
    assert cells.show_in_cell(work)("it") == "IT"
    assert shown[-1][1]["text/plain"] == "it begins"
    assert capsys.readouterr().err == ""


def test_tensorflow_says_no_more_in_a_cell_than_in_a_script(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    be_in(monkeypatch)
    # As TensorFlow sets it in an interactive process.
    caplog.set_level(logging.INFO, "tensorflow")
    logger = logging.getLogger("tensorflow")

    def reduce() -> None:
        logger.info("Reduce to a device")
        logger.warning("a device is gone")

    cells.show_in_cell(reduce)()
    assert caplog.messages == ["a device is gone"]
    reduce()
    assert caplog.messages == ["a device is gone", "Reduce to a device", "a device is gone"]


def test_the_stop_button_ends_a_call_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    be_in(monkeypatch)
    with pytest.raises(Interrupted, match="run this cell again") as caught:
        cells.show_in_cell(work)("it", stop=True)
    assert caught.value.__suppress_context__
    assert len(caught.value._render_traceback_()) == 1


def test_elsewhere_a_call_is_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        cells.show_in_cell(work)("it", stop=True)
    assert capsys.readouterr().err == "it begins\n"


def test_public_functions_are_shown_in_cells_and_keep_their_names() -> None:
    assert kt.run.__wrapped__ is training.run
    assert kt.run.__doc__ == training.run.__doc__
    assert issubclass(kt.ConfigError, kt.KerasTuneError)


@pytest.mark.parametrize(
    ("manifest", "error", "said"),
    [
        (
            {"phase": "top", "epoch": 3},
            "SIGINT: stopped in step 4 of phase top, nothing is lost; the same command goes on",
            "stopped in phase top after epoch 3: what was trained is kept; run this cell again to go on, "
            'or call  kt.run("{0}/config.json", run_dir="{0}")',
        ),
        (
            {"phase": "head"},
            "the time limit is reached: stopped, nothing is lost; the same command goes on",
            "stopped in phase head, the time limit is reached: what was trained is kept; run this cell again to go on, "
            'or call  kt.run("{0}/config.json", run_dir="{0}")',
        ),
        (
            {},
            "",
            "stopped: nothing was trained yet; run this cell again to go on, "
            'or call  kt.run("{0}/config.json", run_dir="{0}")',
        ),
    ],
)  # fmt: skip
def test_a_stopped_run_says_what_is_kept(tmp_path: Path, manifest: dict[str, object], error: str, said: str) -> None:
    target = RunDirectory(tmp_path / "x-1")
    with target.lock():
        target.update_manifest(**manifest)
        assert cells.describe_stop(target, Interrupted(error)) == said.format(target)
