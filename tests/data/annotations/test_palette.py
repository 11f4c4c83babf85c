from __future__ import annotations

from kerastune_ft.config.options.mask_values import COLOUR
from kerastune_ft.data.annotations.palette import PALETTE, choose_colours
from kerastune_ft.data.labels.scheme import LabelScheme


def test_colours_are_those_of_pascal_voc_and_all_differ() -> None:
    assert PALETTE.shape == (256, 3)
    assert PALETTE[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert PALETTE[15].tolist() == [192, 128, 128]
    assert PALETTE[255].tolist() == [224, 224, 192]
    assert len({tuple(colour) for colour in PALETTE.tolist()}) == 256


def test_classes_of_coloured_masks_keep_their_colours() -> None:
    named = LabelScheme("mask", ("road", "sky"), raw_values={0: "road", 1: "sky"})
    assert choose_colours(named).tolist() == PALETTE[:2].tolist()
    raw = {COLOUR + 0x0102FF: "road", COLOUR + 7: "sky", COLOUR + 0x030303: "road"}
    assert choose_colours(LabelScheme("mask", ("road", "sky"), raw_values=raw)).tolist() == [[1, 2, 255], [0, 0, 7]]
