"""Facts about every model of tf.keras.applications: size, accuracy and licence of ImageNet weights, options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Application:
    """Facts about one application; parameters are counted, and options listed, for the model without its top."""

    image_size: int
    parameters: int
    top_1: float | None
    """Top-1 accuracy on ImageNet's validation images according to Keras' documentation, or None."""
    license: str
    """The licence of the ImageNet weights according to Keras' documentation, or their origin if it states none."""
    minimum: int = 32
    options: tuple[str, ...] = ()


_CONVNEXT = "see facebookresearch/ConvNeXt"
_EFFICIENTNET = "see tensorflow/tpu"
_EFFICIENTNET_V2 = "see google/automl"
_MOBILENET_V3 = "see tensorflow/models"

_TABLE = {
    "ConvNeXtBase": Application(224, 87_566_464, None, _CONVNEXT),
    "ConvNeXtLarge": Application(224, 196_230_336, None, _CONVNEXT),
    "ConvNeXtSmall": Application(224, 49_454_688, None, _CONVNEXT),
    "ConvNeXtTiny": Application(224, 27_820_128, None, _CONVNEXT),
    "ConvNeXtXLarge": Application(224, 348_147_968, None, _CONVNEXT),
    "DenseNet121": Application(224, 7_037_504, 0.750, "BSD-3-Clause"),
    "DenseNet169": Application(224, 12_642_880, 0.762, "BSD-3-Clause"),
    "DenseNet201": Application(224, 18_321_984, 0.773, "BSD-3-Clause"),
    "EfficientNetB0": Application(224, 4_049_571, 0.771, _EFFICIENTNET),
    "EfficientNetB1": Application(240, 6_575_239, 0.791, _EFFICIENTNET),
    "EfficientNetB2": Application(260, 7_768_569, 0.801, _EFFICIENTNET),
    "EfficientNetB3": Application(300, 10_783_535, 0.816, _EFFICIENTNET),
    "EfficientNetB4": Application(380, 17_673_823, 0.829, _EFFICIENTNET),
    "EfficientNetB5": Application(456, 28_513_527, 0.836, _EFFICIENTNET),
    "EfficientNetB6": Application(528, 40_960_143, 0.840, _EFFICIENTNET),
    "EfficientNetB7": Application(600, 64_097_687, 0.843, _EFFICIENTNET),
    "EfficientNetV2B0": Application(224, 5_919_312, 0.787, _EFFICIENTNET_V2),
    "EfficientNetV2B1": Application(240, 6_931_124, 0.798, _EFFICIENTNET_V2),
    "EfficientNetV2B2": Application(260, 8_769_374, 0.805, _EFFICIENTNET_V2),
    "EfficientNetV2B3": Application(300, 12_930_622, 0.820, _EFFICIENTNET_V2),
    "EfficientNetV2L": Application(480, 117_746_848, 0.857, _EFFICIENTNET_V2),
    "EfficientNetV2M": Application(480, 53_150_388, 0.853, _EFFICIENTNET_V2),
    "EfficientNetV2S": Application(384, 20_331_360, 0.839, _EFFICIENTNET_V2),
    "InceptionResNetV2": Application(299, 54_336_736, 0.803, "Apache-2.0", minimum=75),
    "InceptionV3": Application(299, 21_802_784, 0.779, "Apache-2.0", minimum=75),
    "MobileNet": Application(224, 3_228_864, 0.704, "Apache-2.0", options=("alpha", "depth_multiplier")),
    "MobileNetV2": Application(224, 2_257_984, 0.713, "Apache-2.0", options=("alpha",)),
    "MobileNetV3Large": Application(224, 2_996_352, 0.756, _MOBILENET_V3, options=("alpha", "minimalistic")),
    "MobileNetV3Small": Application(224, 939_120, 0.681, _MOBILENET_V3, options=("alpha", "minimalistic")),
    "NASNetLarge": Application(331, 84_916_818, 0.825, "Apache-2.0"),
    "NASNetMobile": Application(224, 4_269_716, 0.744, "Apache-2.0"),
    "ResNet101": Application(224, 42_658_176, 0.764, "MIT"),
    "ResNet101V2": Application(224, 42_626_560, 0.772, "BSD"),
    "ResNet152": Application(224, 58_370_944, 0.766, "MIT"),
    "ResNet152V2": Application(224, 58_331_648, 0.780, "BSD"),
    "ResNet50": Application(224, 23_587_712, 0.749, "MIT"),
    "ResNet50V2": Application(224, 23_564_800, 0.760, "BSD"),
    "VGG16": Application(224, 14_714_688, 0.713, "CC-BY-4.0"),
    "VGG19": Application(224, 20_024_384, 0.713, "CC-BY-4.0"),
    "Xception": Application(299, 20_861_480, 0.790, "MIT", minimum=71),
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
