"""Every model of tf.keras.applications: its image size, its parameters, and the options it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Application:
    """Facts about one application: parameters are counted without its top, options are those that act without it."""

    image_size: int
    parameters: int
    minimum: int = 32
    options: tuple[str, ...] = ()


_TABLE = {
    "ConvNeXtBase": Application(224, 87_566_464),
    "ConvNeXtLarge": Application(224, 196_230_336),
    "ConvNeXtSmall": Application(224, 49_454_688),
    "ConvNeXtTiny": Application(224, 27_820_128),
    "ConvNeXtXLarge": Application(224, 348_147_968),
    "DenseNet121": Application(224, 7_037_504),
    "DenseNet169": Application(224, 12_642_880),
    "DenseNet201": Application(224, 18_321_984),
    "EfficientNetB0": Application(224, 4_049_571),
    "EfficientNetB1": Application(240, 6_575_239),
    "EfficientNetB2": Application(260, 7_768_569),
    "EfficientNetB3": Application(300, 10_783_535),
    "EfficientNetB4": Application(380, 17_673_823),
    "EfficientNetB5": Application(456, 28_513_527),
    "EfficientNetB6": Application(528, 40_960_143),
    "EfficientNetB7": Application(600, 64_097_687),
    "EfficientNetV2B0": Application(224, 5_919_312),
    "EfficientNetV2B1": Application(240, 6_931_124),
    "EfficientNetV2B2": Application(260, 8_769_374),
    "EfficientNetV2B3": Application(300, 12_930_622),
    "EfficientNetV2L": Application(480, 117_746_848),
    "EfficientNetV2M": Application(480, 53_150_388),
    "EfficientNetV2S": Application(384, 20_331_360),
    "InceptionResNetV2": Application(299, 54_336_736, minimum=75),
    "InceptionV3": Application(299, 21_802_784, minimum=75),
    "MobileNet": Application(224, 3_228_864, options=("alpha", "depth_multiplier")),
    "MobileNetV2": Application(224, 2_257_984, options=("alpha",)),
    "MobileNetV3Large": Application(224, 2_996_352, options=("alpha", "minimalistic")),
    "MobileNetV3Small": Application(224, 939_120, options=("alpha", "minimalistic")),
    "NASNetLarge": Application(331, 84_887_922),
    "NASNetMobile": Application(224, 4_269_716),
    "ResNet101": Application(224, 42_658_176),
    "ResNet101V2": Application(224, 42_626_560),
    "ResNet152": Application(224, 58_370_944),
    "ResNet152V2": Application(224, 58_331_648),
    "ResNet50": Application(224, 23_587_712),
    "ResNet50V2": Application(224, 23_564_800),
    "VGG16": Application(224, 14_714_688),
    "VGG19": Application(224, 20_024_384),
    "Xception": Application(299, 20_861_480, minimum=71),
}

APPLICATIONS: Mapping[str, Application] = MappingProxyType(_TABLE)

# The widths Keras has ImageNet weights for; of the others it has only 1.
IMAGENET_ALPHAS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "MobileNet": (0.25, 0.5, 0.75, 1.0),
        "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
        "MobileNetV3Large": (0.75, 1.0),
        "MobileNetV3Small": (0.75, 1.0),
    }
)

# The weights inside the package are those of one model at one width, trained at one size.
EMBEDDED = "MobileNetV2"
EMBEDDED_ALPHA = 0.35
EMBEDDED_SIZE = 96
