from __future__ import annotations

import pytest

from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.suggest import dense


@pytest.mark.parametrize(("side", "size"), [(640, 320), (200, 192), (20, 96), (321, 320)])
def test_sizes_are_multiples_of_the_coarsest_stride(side: int, size: int) -> None:
    assert dense.choose_size(side, 320) == size


@pytest.mark.parametrize(("train", "names"), [(50, ["head"]), (200, ["head", "all"])])
def test_few_images_train_the_head_alone(train: int, names: list[str]) -> None:
    findings = DataFindings({"kind": "object_detection"}, {"kind": "folder", "path": "d"}, 300, train, {})
    assert [phase["name"] for phase in dense.schedule(findings)] == names
    wanted = {"kind": "applications", "name": "ResNet50"}
    assert dense.suggest(findings, wanted)["backbone"] is wanted
