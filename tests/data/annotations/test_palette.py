from __future__ import annotations

from kerastune_ft.data.annotations.palette import PALETTE


def test_colours_are_those_of_pascal_voc_and_all_differ() -> None:
    assert PALETTE.shape == (256, 3)
    assert PALETTE[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert PALETTE[15].tolist() == [192, 128, 128]
    assert PALETTE[255].tolist() == [224, 224, 192]
    assert len({tuple(colour) for colour in PALETTE.tolist()}) == 256
