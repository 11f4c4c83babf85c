"""Static facts about the backbones of keras-hub: what each takes, how its layers are named, a small configuration.

A unit rule maps a layer's name to a unit id by regular expressions, first match wins; a layer that none matches belongs
to the unit before it, as the last normalisation does. A vision family without rules is divided by graph depth. `small`
are the options a class is built with where the configuration gives none: a tiny model of random weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Rules = tuple[tuple[str, str], ...]
BYTES = 256
"""The vocabulary size of keras-hub's byte tokenizer, which models with random weights use."""


SpecialToken = Literal["start", "end", "pad"]


@dataclass(frozen=True)
class PairRows:
    """The special tokens around what an encoder reads and before what its decoder writes, as keras-hub generates."""

    before: tuple[SpecialToken, ...]
    after: tuple[SpecialToken, ...]
    decoder: tuple[SpecialToken, ...]


@dataclass(frozen=True)
class HubFamily:
    """Facts about one backbone class."""

    modality: Literal["text", "image", "audio"]
    small: Mapping[str, Any]
    rules: Rules = ()
    packing: Literal["between", "doubled", "after"] = "between"
    """Special tokens of a pair: `between` is start A end B end, `doubled` has two between A and B, `after` no start."""
    prefix_tokens: int = 0
    """The number of class tokens before the patches of the image; register tokens come in addition."""
    vision_encoder: str = ""
    """The attribute with the image model, for classes that also hold a text model."""
    writes: Literal["", "decoder", "pair", "speech"] = ""
    """How the class writes texts: `decoder` goes on with a text, `pair` writes one for another, `speech` writes down
    sounds; empty for encoders."""
    masks: bool = False
    """Whether keras-hub has a head of the class that finds hidden tokens, tied to its embeddings."""
    rows: PairRows | None = None
    """The special tokens of the rows of a class that writes a text for another."""
    squares_only: bool = False
    """True where the class computes as if images were squares, and builds for others without a word."""


_LAYERS: Rules = (
    (r"(?:transformer|transformer_encoder|encoder|f_net|rwkv|disentangled_attention_encoder)_layer_(\d+)$", r"layer\1"),
    (r"(?:decoder_block|encoder_block)_(\d+)$", r"layer\1"),
    (r".*embed", "embeddings"),
)
_ALBERT: Rules = ((r"group_(\d+)_", r"group\1"), *_LAYERS)

_WIDTHS = {"hidden_dim": 16, "intermediate_dim": 32}
_ENCODER = {"vocabulary_size": BYTES, "num_layers": 3, "num_heads": 2, **_WIDTHS}
_DECODER = {"vocabulary_size": BYTES, "num_layers": 3, "num_query_heads": 4, "num_key_value_heads": 2, **_WIDTHS}
_EXPERTS = {"moe_intermediate_dim": 16, "num_experts": 4, "top_k": 2}
_HALF = {
    "hidden_dim": 16,
    "intermediate_dim": 32,
    "num_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "layer_types": ["full_attention", "full_attention"],
}


def _text(small: Mapping[str, Any], rules: Rules = _LAYERS, **facts: Any) -> HubFamily:
    return HubFamily("text", MappingProxyType(dict(small)), rules, **facts)


def _decoder(small: Mapping[str, Any]) -> HubFamily:
    return _text(small, writes="decoder")


def _without(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


_BART_ROWS = PairRows(("start",), ("end",), ("end", "start"))
_T5_ROWS = PairRows((), ("end",), ("pad",))
# Its preprocessor ends what the encoder reads with a token when it trains, and not when it generates.
_T5_GEMMA_ROWS = PairRows((), (), ("start",))

_TEXT = {
    "AlbertBackbone": _text({**_ENCODER, "embedding_dim": 8}, _ALBERT, masks=True),
    "BartBackbone": _text(_ENCODER, packing="doubled", writes="pair", rows=_BART_ROWS),
    "BertBackbone": _text(_ENCODER, masks=True),
    "BloomBackbone": _decoder(_ENCODER),
    "DebertaV3Backbone": _text({**_ENCODER, "bucket_size": 16}, masks=True),
    "DistilBertBackbone": _text(_ENCODER, masks=True),
    "ElectraBackbone": _text({**_without(_ENCODER, "vocabulary_size"), "vocab_size": BYTES, "embedding_dim": 8}),
    "FNetBackbone": _text(_without(_ENCODER, "num_heads"), masks=True),
    "FalconBackbone": _decoder({**_without(_ENCODER, "num_heads"), "num_attention_heads": 2}),
    "GPT2Backbone": _decoder(_ENCODER),
    "GPTNeoXBackbone": _decoder(_ENCODER),
    "GemmaBackbone": _decoder({**_DECODER, "head_dim": 4}),
    "Gemma3Backbone": _decoder({**_DECODER, "head_dim": 4, "image_size": 16}),
    "GptOssBackbone": _decoder({**_DECODER, "num_experts": 2}),
    "Llama3Backbone": _decoder(_DECODER),
    "LlamaBackbone": _decoder(_DECODER),
    "MistralBackbone": _decoder(_DECODER),
    "MixtralBackbone": _decoder({**_DECODER, "num_experts": 2}),
    "OPTBackbone": _decoder(_ENCODER),
    "Phi3Backbone": _decoder(_DECODER),
    "QwenBackbone": _decoder(_DECODER),
    "Qwen2Backbone": _decoder(_DECODER),
    "Qwen3Backbone": _decoder({**_DECODER, "head_dim": 4}),
    "Qwen3MoeBackbone": _decoder({**_DECODER, **_EXPERTS, "head_dim": 4}),
    "QwenMoeBackbone": _decoder({**_DECODER, **_EXPERTS, "shared_expert_intermediate_dim": 16}),
    "RobertaBackbone": _text(_ENCODER, packing="doubled", masks=True),
    "RoformerV2Backbone": _text({**_ENCODER, "head_size": 8}),
    "SmolLM3Backbone": _decoder(
        {
            **_WIDTHS,
            "vocabulary_size": BYTES,
            "num_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "attention_bias": False,
            "attention_dropout": 0.0,
            "rope_layer_enabled_list": [True, True, True],
            "layer_types": ["full_attention"] * 3,
            "mlp_bias": False,
            "layer_norm_epsilon": 1e-6,
            "max_position_embeddings": 512,
            "rope_theta": 10000.0,
            "partial_rotary_factor": 1.0,
        }
    ),
    "T5Backbone": _text(_ENCODER, packing="after", writes="pair", rows=_T5_ROWS),
    "T5GemmaBackbone": _text(
        {
            "vocabulary_size": BYTES,
            **{f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in _HALF.items()},
        },
        writes="pair",
        rows=_T5_GEMMA_ROWS,
    ),
    "XLMRobertaBackbone": _text(_ENCODER, packing="doubled", masks=True),
}

_SQUARE = (32, 32, 3)
_VIT = {"image_shape": _SQUARE, "patch_size": 8, "num_layers": 3, "hidden_dim": 16, "num_heads": 2}
_TOWER = {**_VIT, "intermediate_dim": 32}

# Blocks that a layer holds a list of are layers of their own here, named after that layer: encoder_layers_3.
_BLOCKS: Rules = (
    # Before keras-hub 0.29.1 without an s, and the layers of ViT's variables are called so too.
    (r".*(?:trans?former_block|layers|encoder_block)_(\d+)$", r"block\1"),
    (r".*(?:embed|rope|pre_layer_norm)", "embeddings"),
)
_SWIN: Rules = ((r"stage_(\d+)_blocks_(\d+)$", r"stage\1_block\2"), (r"(?:patch_embedding.*|pos_drop)", "embeddings"))
_HGNET: Rules = (
    (r"encoder_stage_(\d+)_block_(\d+)$", r"stage\1_block\2"),
    (r"encoder_stage_(\d+)_downsample", r"stage\1_block0"),
    (r"embedder", "stem"),
)
_RESNET: Rules = ((r"stack(\d+)_block(\d+)_", r"stage\1_block\2"), (r"(?:conv|pool)\d+", "stem"))
_DENSENET: Rules = (
    (r"stack(\d+)_block(\d+)_", r"stage\1_block\2"),
    (r"transition(\d+)_", r"transition\1"),
    (r"(?:conv1|pool1|zero)", "stem"),
)
_EFFICIENTNET: Rules = ((r"stem_", "stem"), (r"block(\d+)[a-z]+_", r"block\1"), (r"top_", "top"))
_MOBILENET: Rules = ((r"input_", "stem"), (r"block_(\d+)_(\d+)", r"stage\1_block\2"))
_VGG: Rules = ((r"block(\d+)_", r"block\1"),)
_MIT: Rules = (
    (r"hierarchical_encoder_(\d+)_(\d+)$", r"stage\1_block\2"),
    (r"patch_and_embed_(\d+)$", r"stage\1_block0"),
)
# What joins the paths of a stage belongs to its last block, what parts them to its first.
_CSP: Rules = (
    (r".*stem_", "stem"),
    (r"stage_(\d+)_block_(\d+)", r"stage\1_block\2"),
    (r"stage_(\d+)_[a-z0-9]*_?(?:conv|bn|pool|avg|act)[a-z_]*(?:down|exp|_[12]$)", r"stage\1_block0"),
)


def _image(small: Mapping[str, Any], rules: Rules = (), **facts: Any) -> HubFamily:
    return HubFamily("image", MappingProxyType(dict(small)), rules, **facts)


_VISION = {
    "CLIPVisionEncoder": _image(
        {**_TOWER, "intermediate_activation": "quick_gelu", "intermediate_output_index": None},
        _BLOCKS,
        prefix_tokens=1,
    ),
    "CSPNetBackbone": _image(
        {
            "stem_filters": 8,
            "stem_kernel_size": 3,
            "stem_strides": 1,
            "stackwise_depth": [1, 2],
            "stackwise_strides": [2, 2],
            "stackwise_num_filters": [16, 32],
            "block_type": "dark_block",
            "stage_type": "csp",
            "bottle_ratio": [0.5, 1.0],
            "block_ratio": [1.0, 0.5],
            "expand_ratio": [2.0, 1.0],
            "down_growth": True,
            "cross_linear": True,
            "image_shape": _SQUARE,
        },
        _CSP,
    ),
    "DINOV2Backbone": _image({**_TOWER, "position_embedding_shape": _SQUARE}, _BLOCKS, prefix_tokens=1),
    "DINOV3Backbone": _image(_TOWER, _BLOCKS, prefix_tokens=1),
    "DeiTBackbone": _image(_TOWER, _BLOCKS, prefix_tokens=2),
    "DenseNetBackbone": _image({"stackwise_num_repeats": [2, 2], "growth_rate": 4, "image_shape": _SQUARE}, _DENSENET),
    "EfficientNetBackbone": _image(
        {
            "stackwise_kernel_sizes": [3, 3, 3],
            "stackwise_num_repeats": [1, 2, 2],
            "stackwise_input_filters": [8, 8, 16],
            "stackwise_output_filters": [8, 16, 24],
            "stackwise_expansion_ratios": [1, 4, 4],
            "stackwise_squeeze_and_excite_ratios": [0.25, 0.25, 0.25],
            "stackwise_strides": [1, 2, 2],
            "stackwise_block_types": ["v1", "v1", "v1"],
            "stackwise_width_coefficients": [1.0, 1.0, 1.0],
            "stackwise_depth_coefficients": [1.0, 1.0, 1.0],
            "stackwise_force_input_filters": [0, 0, 0],
            "stackwise_nores_option": [False, False, False],
            "num_features": 32,
            "input_shape": _SQUARE,
        },
        _EFFICIENTNET,
    ),
    "HGNetV2Backbone": _image(
        {
            "depths": [1, 2],
            "embedding_size": 8,
            "hidden_sizes": [16, 32],
            "stem_channels": [3, 8, 8],
            "hidden_act": "relu",
            "use_learnable_affine_block": False,
            "stackwise_stage_filters": [[8, 8, 16, 1, 2, 3], [16, 8, 32, 2, 2, 3]],
            "apply_downsample": [False, True],
            "use_lightweight_conv_block": [False, False],
            "image_shape": _SQUARE,
        },
        _HGNET,
    ),
    "MiTBackbone": _image(
        {
            "layerwise_depths": [1, 2],
            "num_layers": 2,
            "layerwise_num_heads": [1, 2],
            "layerwise_sr_ratios": [2, 1],
            "max_drop_path_rate": 0.1,
            "layerwise_patch_sizes": [7, 3],
            "layerwise_strides": [4, 2],
            "hidden_dims": [8, 16],
            "image_shape": _SQUARE,
        },
        _MIT,
        squares_only=True,
    ),
    "MobileNetBackbone": _image(
        {
            "stackwise_expansion": [[40, 56], [64, 144]],
            "stackwise_num_blocks": [2, 2],
            "stackwise_num_filters": [[16, 16], [24, 24]],
            "stackwise_kernel_size": [[3, 3], [5, 5]],
            "stackwise_num_strides": [[2, 1], [1, 1]],
            "stackwise_se_ratio": [[None, None], [0.25, 0.25]],
            "stackwise_activation": [["relu", "relu"], ["hard_swish", "hard_swish"]],
            "stackwise_padding": [[1, 1], [2, 2]],
            "output_num_filters": 32,
            "depthwise_filters": 8,
            "depthwise_stride": 2,
            "depthwise_residual": False,
            "last_layer_filter": 32,
            "squeeze_and_excite": 0.5,
            "input_num_filters": 8,
            "image_shape": _SQUARE,
        },
        _MOBILENET,
    ),
    "ResNetBackbone": _image(
        {
            "input_conv_filters": [64],
            "input_conv_kernel_sizes": [3],
            "stackwise_num_filters": [64, 64],
            "stackwise_num_blocks": [1, 2],
            "stackwise_num_strides": [1, 2],
            "block_type": "basic_block",
            "image_shape": _SQUARE,
        },
        _RESNET,
    ),
    "SigLIPBackbone": _image({}, _BLOCKS, vision_encoder="vision_encoder"),
    "SigLIPVisionEncoder": _image(_TOWER, _BLOCKS),
    "CLIPBackbone": _image({}, _BLOCKS, prefix_tokens=1, vision_encoder="vision_encoder"),
    "SwinTransformerBackbone": _image(
        {
            "image_shape": _SQUARE,
            "embed_dim": 8,
            "depths": [1, 2],
            "num_heads": [1, 2],
            "window_size": 4,
            "patch_size": 2,
        },
        _SWIN,
    ),
    "VGGBackbone": _image(
        {"stackwise_num_repeats": [1, 2], "stackwise_num_filters": [8, 16], "image_shape": _SQUARE}, _VGG
    ),
    "ViTBackbone": _image({**_VIT, "mlp_dim": 32}, _BLOCKS, prefix_tokens=1),
    "XceptionBackbone": _image(
        {
            "stackwise_conv_filters": [[8, 16], [24, 24], [32, 32], [32, 40]],
            "stackwise_pooling": [False, True, True, False],
            "image_shape": _SQUARE,
        },
        _VGG,
    ),
}

_AUDIO = {
    "MoonshineBackbone": HubFamily(
        "audio",
        MappingProxyType(
            {
                **_WIDTHS,
                "vocabulary_size": BYTES,
                "filter_dim": 16,
                "encoder_num_layers": 2,
                "decoder_num_layers": 1,
                "encoder_num_heads": 2,
                "decoder_num_heads": 2,
                "max_position_embeddings": 448,
            }
        ),
        ((r"encoder_block_(\d+)$", r"layer\1"), (r"(?:conv|group_norm)", "embeddings")),
        writes="speech",
    ),
    "WhisperBackbone": HubFamily(
        "audio",
        MappingProxyType({**_ENCODER, "num_mels": 20, "max_encoder_sequence_length": 200}),
        _LAYERS,
        writes="speech",
    ),
}

HUB_FAMILIES: Mapping[str, HubFamily] = MappingProxyType(dict(sorted({**_TEXT, **_VISION, **_AUDIO}.items())))

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "XLNetBackbone": "keras-hub 0.32 reshapes its masks and positions where it should transpose them, so that what "
        "it makes of a text depends on the others in the batch; write another class, as BertBackbone",
    }
)
"""Classes that are not supported, and why."""
SINCE: Mapping[str, str] = MappingProxyType({"SwinTransformerBackbone": "0.29.1"})
"""By class, the first version of keras-hub that has it, where the oldest supported one has not."""
BY_CLASS: tuple[str, ...] = tuple(name for name, family in HUB_FAMILIES.items() if family.small)
"""The classes that can be built with random weights; the others need a preset."""
NO_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "data_format": "channels come last here; remove it",
        "dtype": 'write "precision" in runtime',
        "name": 'remove it; the run has a name, which is written at the top as "name"',
        "trainable": 'write "unfreeze" in a phase',
        "vision_encoder": "texts come without images here; remove it",
    }
)
"""Constructor arguments that are not options, and what to write instead."""
