"""Static facts about the families of keras.applications: input range and canonical units.

Each row is (names, preprocessing, unit rule). The preprocessing is what the family's `preprocess_input` does: `tf` maps
0-255 to -1..1, `caffe` turns RGB to BGR and subtracts the ImageNet mean, `torch` standardises by the ImageNet mean and
deviation, `inside` means the model itself does it. A unit rule maps a layer's name to a unit id by regular expressions,
first match wins; a layer that none matches belongs to the unit before it, as the last normalisation of a family does,
which would be a unit that never trains. Families without a rule are divided by graph depth.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """The facts about a family of architectures."""

    names: tuple[str, ...]
    preprocessing: str
    rules: tuple[tuple[str, str], ...] = ()
    weight_files: str = ""
    """Pattern of the names of Keras' own weight files; `size` is the part in which the names of a family differ."""

    def weight_file_pattern(self, name: str) -> str:
        """Return the pattern of the weight files of one architecture, in every width and image size."""
        size = name.removeprefix(os.path.commonprefix(self.names))
        return self.weight_files.format(name=name.lower(), size=size.lower())

    def unit_of(self) -> Callable[[str], str | None] | None:
        """Return the function from layer name to unit id, or None when the names do not tell."""
        if not self.rules:
            return None
        compiled = [(re.compile(pattern), unit) for pattern, unit in self.rules]

        def unit(name: str) -> str | None:
            for pattern, template in compiled:
                if match := pattern.match(name):
                    return match.expand(template)
            return None

        return unit


_RESNET = ((r"conv1_", "stem"), (r"conv(\d)_block(\d+)_", r"stage\1_block\2"))
_EFFICIENTNET = (
    (r"(stem_|rescaling|normalization)", "stem"),
    (r"block(\d)[a-z]_", r"block\1"),
    (r"top_", "top"),
)
_MOBILENET_V3 = (
    (r"expanded_conv_(\d+)_", r"block\1"),
    (r"expanded_conv_", "block0"),
    (r"conv_1(?:_bn)?$", "top"),
    (r"conv(?:_bn)?$", "stem"),
)
# The layers that narrow the image between two stages belong to the first block of the later one.
_CONVNEXT = (
    (r"convnext_[a-z]+_stage_(\d)_block_(\d+)_", r"stage\1_block\2"),
    *((rf"convnext_[a-z]+_downsampling_block_{stage}", f"stage{stage + 1}_block0") for stage in range(3)),
    (r"convnext_[a-z]+_stem", "stem"),
)

FAMILIES = (
    Family(
        ("MobileNet",),
        "tf",
        ((r"conv1", "stem"), (r"conv_(?:dw|pw|pad)_(\d+)", r"block\1")),
        "mobilenet_[0-9]*_no_top.h5",
    ),
    Family(
        ("MobileNetV2",),
        "tf",
        (
            (r"(?:Conv1|bn_Conv1)", "stem"),
            (r"expanded_conv_", "block0"),
            (r"block_(\d+)_", r"block\1"),
            (r"Conv_1", "top"),
        ),
        "mobilenet_v2_*_no_top.h5",
    ),
    Family(("ResNet50", "ResNet101", "ResNet152"), "caffe", _RESNET, "{name}_*_notop.h5"),
    Family(("ResNet50V2", "ResNet101V2", "ResNet152V2"), "tf", _RESNET, "{name}_*_notop.h5"),
    Family(tuple(f"EfficientNetB{n}" for n in range(8)), "inside", _EFFICIENTNET, "{name}_notop.h5"),
    Family(
        tuple(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
        "inside",
        _EFFICIENTNET,
        "efficientnetv2-{size}_notop.h5",
    ),
    Family(("VGG16", "VGG19"), "caffe", ((r"block(\d)_", r"block\1"),), "{name}_*_notop.h5"),
    Family(
        ("DenseNet121", "DenseNet169", "DenseNet201"),
        "torch",
        (
            (r"(?:conv1|zero_padding2d|pool1)", "stem"),
            (r"conv(\d)_block(\d+)_", r"stage\1_block\2"),
            (r"pool(\d)_", r"transition\1"),
        ),
        "{name}_*_notop.h5",
    ),
    Family(
        ("MobileNetV3Small", "MobileNetV3Large"), "inside", _MOBILENET_V3, "weights_mobilenet_v3_{size}_*_no_top_v2.h5"
    ),
    Family(("InceptionV3",), "tf", (), "inception_v3_*_notop.h5"),
    Family(("InceptionResNetV2",), "tf", (), "inception_resnet_v2_*_notop.h5"),
    Family(("Xception",), "tf", (), "xception_*_notop.h5"),
    Family(("NASNetMobile", "NASNetLarge"), "tf", (), "nasnet_{size}_no_top.h5"),
    Family(
        tuple(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
        "inside",
        _CONVNEXT,
        "convnext_{size}_notop.h5",
    ),
)


def family_of(name: str) -> Family:
    """Return the family of an architecture of keras.applications."""
    return next(family for family in FAMILIES if name in family.names)
