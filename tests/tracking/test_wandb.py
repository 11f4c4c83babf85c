"""Weights & Biases: what is asked before training, and its own files offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.trackers import Wandb
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking import wandb
from kerastune_ft.tracking.sink import Begun, Point


class Package:
    """Stands for the package, whose server is a closed port of this machine."""

    class Settings:
        base_url = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_a_key_and_an_answer_are_needed_unless_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wandb.Service(Package, Wandb(mode="offline")).require()
    with pytest.raises(ConfigError, match=r"wandb has no key here; give WANDB_API_KEY .* \"mode\": \"offline\""):
        wandb.Service(Package, Wandb()).require()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    with pytest.raises(ConfigError, match=r"at 127.0.0.1 does not answer .*refused.*; or keep the files") as refused:
        wandb.Service(Package, Wandb()).require()
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("WANDB_MODE", "offline")
    wandb.Service(Package, Wandb()).require()


def test_epochs_up_to_the_last_one_were_sent_and_nothing_else_is_known() -> None:
    has = wandb.Service(Package, Wandb(mode="offline")).find_sent(6)
    assert [has("train/loss", step) for step in (6, 7)] == [True, False]
    assert not has("final/test/accuracy", 6) and not has("seed_0_fold_0/train/loss", 6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_keeps_two_processes_as_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.chdir(tmp_path)
    identity: dict[str, Any] = {}
    for _ in range(2):
        sink = wandb.open_sink(Wandb(mode="offline"), RunDirectory(tmp_path))
        sink.require()
        identity = dict(sink.start(Begun("tiny-1", "runs/tiny-1", {"name": "tiny", "seed": 3}, identity=identity)))
        sink.write([Point(1, 1.0, {"train/loss": 1.0}, {"phase/head": "x"})])
        (tmp_path / "page.html").write_text("page")
        sink.add_file(tmp_path / "page.html", "report/index.html")
        sink.finish("done")
    assert (identity["project"], identity["mode"]) == ("tiny", "offline")
    assert len({path.name.rpartition("-")[2] for path in (tmp_path / "wandb").glob("offline-run-*")}) == 1
