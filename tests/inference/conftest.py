from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from trained_runs import small_backbone, train, write_data


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with image files, tables that name them, and a cache of its own."""
    folder = tmp_path_factory.mktemp("inference")
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASTUNE_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="session")
def classes_run(workplace: Path) -> Path:
    """A run with one label per image, on class folders."""
    data = {"kind": "folder", "path": str(workplace / "images"), "resize": "pad"}
    return train(workplace, "classes", {"kind": "image_classification"}, data, small_backbone(workplace))


def table_data(workplace: Path, label: object) -> dict[str, object]:
    return {"kind": "table", "path": str(workplace / "cases.csv"), "input": "images/{image}.png", "label": label}


@pytest.fixture(scope="session")
def several_run(workplace: Path) -> Path:
    """A run with several labels per image, on a table."""
    label = {"column": "findings", "separator": "|", "none": ""}
    task = {"kind": "image_classification", "multi_label": True, "thresholds": "best_f1"}
    return train(workplace, "several", task, table_data(workplace, label))


@pytest.fixture(scope="session")
def values_run(workplace: Path) -> Path:
    """A regression, on a table."""
    data = table_data(workplace, "brightness")
    return train(workplace, "values", {"kind": "image_regression"}, data, small_backbone(workplace))
