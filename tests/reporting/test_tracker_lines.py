from __future__ import annotations

from kerastune_ft.reporting.tracker_lines import list_trackers


def test_a_tracked_run_is_said_with_its_place() -> None:
    manifest = {
        "trackers": {
            "tensorboard": {"folder": "tensorboard"},
            "mlflow": {"uri": "http://here", "experiment": "cells", "run": "7f"},
            "wandb": {"project": "cells", "run": "93", "mode": "online", "url": "https://there/93"},
        }
    }
    assert list_trackers(manifest) == {
        "tensorboard": "folder tensorboard",
        "mlflow": "run 7f, experiment cells, uri http://here",
        "wandb": "https://there/93",
    }
    assert list_trackers({}) == {}
