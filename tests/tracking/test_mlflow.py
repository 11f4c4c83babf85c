"""MLflow itself, with a database of SQLite: one run over two processes, every figure once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.trackers import Mlflow
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.mlflow import Server, open_sink
from kerastune_ft.tracking.sink import Begun, Point


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_run_goes_on_in_the_same_run_of_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    options = Mlflow(uri=f"sqlite:///{tmp_path}/mlflow.db", experiment="tiny")
    first = open_sink(options, RunDirectory(tmp_path))
    first.require()
    # More than one call takes.
    parameters = {f"key{number}": number for number in range(150)}
    identity = first.start(Begun("tiny-1", "runs/tiny-1", parameters))
    first.write([Point(step, step, {"train/loss": 1 / step}, {"phase/head": "x"}) for step in (1, 2)])
    second = open_sink(options, RunDirectory(tmp_path))
    again = Begun("tiny-1", "runs/tiny-1", parameters | {"key0": 7, "more": True}, identity=identity)
    assert second.start(again) == identity
    second.forget_after(1)
    has = second.find_sent(0)
    second.write([point.without(has) for point in (Point(2, 9, {"train/loss": 9}), Point(3, 9, {"train/loss": 3}))])
    (tmp_path / "page.html").write_text("page")
    second.add_file(tmp_path / "page.html", "report/index.html")
    second.finish("interrupted")
    client: Any = second._client
    run = client.get_run(identity["run"])
    found = client.get_metric_history(identity["run"], "train/loss")
    assert sorted((each.step, each.value) for each in found) == [(1, 1.0), (2, 0.5), (3, 3.0)]
    assert (run.info.status, run.info.run_name) == ("KILLED", "tiny-1")
    # Parameters cannot change there: the first ones stay, and new ones come.
    assert (len(run.data.params), run.data.params["key0"], run.data.params["more"]) == (151, "0", "True")
    client.delete_run(identity["run"])
    assert second.start(again)["run"] != identity["run"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_server_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    sink = open_sink(Mlflow(uri="http://127.0.0.1:9"), RunDirectory(tmp_path))
    with pytest.raises(ConfigError, match=r"MLflow at http://127.0.0.1:9 cannot be used .*; start it, give another"):
        sink.require()


class Named:
    def __init__(self, **names: Any) -> None:
        vars(self).update(names)


def test_a_password_of_the_environment_is_neither_written_nor_said() -> None:
    address = "https://ann:s3cret@tracking:5000"

    class Client:
        def __init__(self, tracking_uri: str) -> None:
            assert tracking_uri == address

        def search_experiments(self, **more: Any) -> None:
            raise RuntimeError(f"API request to {address}/api/2.0 failed")

        def get_experiment_by_name(self, name: str) -> Any:
            return Named(experiment_id="1")

        def create_run(self, experiment: str, **more: Any) -> Any:
            return Named(info=Named(run_id="new"))

        def log_batch(self, run: str, **more: Any) -> None: ...

    package = Named(
        tracking=Named(MlflowClient=Client),
        entities=Named(Param=lambda key, value: (key, value)),
        get_tracking_uri=lambda: address,
    )
    sink = Server(package, Mlflow())
    with pytest.raises(ConfigError) as caught:
        sink.require()
    assert "s3cret" not in str(caught.value) and "https://***@tracking:5000" in str(caught.value)
    identity = sink.start(Begun("tiny", "runs", {"a": 1}))
    assert identity["uri"] == "https://***@tracking:5000"


def test_another_experiment_is_another_run() -> None:
    class Client:
        def __init__(self, tracking_uri: str) -> None: ...

        def get_experiment_by_name(self, name: str) -> None:
            return None

        def create_experiment(self, name: str) -> str:
            made.append(name)
            return "7"

        def create_run(self, experiment: str, tags: Any, run_name: str) -> Any:
            return Named(info=Named(run_id=f"{experiment}-new"))

        def log_batch(self, run: str, **more: Any) -> None: ...

    made: list[str] = []
    package = Named(tracking=Named(MlflowClient=Client), entities=Named(Param=lambda key, value: (key, value)))
    sink = Server(package, Mlflow(uri="http://here", experiment="second"))
    before = {"uri": "http://here", "experiment": "first", "run": "7-old"}
    assert sink.start(Begun("tiny", "runs", {"a": 1}, identity=before))["run"] == "7-new"
    assert made == ["second"]
