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
"""The size of the vocabulary of keras-hub's byte tokenizer, which a model of random weights gets."""


@dataclass(frozen=True)
class HubFamily:
    """What is known of one backbone class."""

    modality: Literal["text", "image", "audio"]
    small: Mapping[str, Any]
    rules: Rules = ()
    packing: Literal["between", "doubled", "after"] = "between"
    """Where special tokens go: `between` start A end B end, `doubled` two of them between A and B, `after` no start."""
    blocks: str = ""
    """The layer whose list of blocks the graph is unrolled into, so that it can be cut between them."""


_LAYERS: Rules = (
    (r"(?:transformer|transformer_encoder|encoder|f_net|rwkv|disentangled_attention_encoder)_layer_(\d+)$", r"layer\1"),
    (r"(?:decoder_block|encoder_block|xlnet_encoder)_(\d+)$", r"layer\1"),
    (r".*embed", "embeddings"),
    (r"encoder_block_attn_mask_layer", "embeddings"),
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


def _without(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


_TEXT = {
    "AlbertBackbone": _text({**_ENCODER, "embedding_dim": 8}, _ALBERT),
    "BartBackbone": _text(_ENCODER, packing="doubled"),
    "BertBackbone": _text(_ENCODER),
    "BloomBackbone": _text(_ENCODER),
    "DebertaV3Backbone": _text({**_ENCODER, "bucket_size": 16}),
    "DistilBertBackbone": _text(_ENCODER),
    "ElectraBackbone": _text({**_without(_ENCODER, "vocabulary_size"), "vocab_size": BYTES, "embedding_dim": 8}),
    "FNetBackbone": _text(_without(_ENCODER, "num_heads")),
    "FalconBackbone": _text({**_without(_ENCODER, "num_heads"), "num_attention_heads": 2}),
    "GPT2Backbone": _text(_ENCODER),
    "GPTNeoXBackbone": _text(_ENCODER),
    "GemmaBackbone": _text({**_DECODER, "head_dim": 4}),
    "Gemma3Backbone": _text({**_DECODER, "head_dim": 4, "image_size": 16}),
    "GptOssBackbone": _text({**_DECODER, "num_experts": 2}),
    "Llama3Backbone": _text(_DECODER),
    "LlamaBackbone": _text(_DECODER),
    "MistralBackbone": _text(_DECODER),
    "MixtralBackbone": _text({**_DECODER, "num_experts": 2}),
    "OPTBackbone": _text(_ENCODER),
    "Phi3Backbone": _text(_DECODER),
    "QwenBackbone": _text(_DECODER),
    "Qwen2Backbone": _text(_DECODER),
    "Qwen3Backbone": _text({**_DECODER, "head_dim": 4}),
    "Qwen3MoeBackbone": _text({**_DECODER, **_EXPERTS, "head_dim": 4}),
    "QwenMoeBackbone": _text({**_DECODER, **_EXPERTS, "shared_expert_intermediate_dim": 16}),
    "RobertaBackbone": _text(_ENCODER, packing="doubled"),
    "RoformerV2Backbone": _text({**_ENCODER, "head_size": 8}),
    "SmolLM3Backbone": _text(
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
    "T5Backbone": _text(_ENCODER, packing="after"),
    "T5GemmaBackbone": _text(
        {
            "vocabulary_size": BYTES,
            **{f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in _HALF.items()},
        }
    ),
    "XLMRobertaBackbone": _text(_ENCODER, packing="doubled"),
    "XLNetBackbone": _text(_ENCODER),
}

HUB_FAMILIES: Mapping[str, HubFamily] = MappingProxyType(dict(sorted(_TEXT.items())))
