"""The licence of the pretrained weights of a backbone, where it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kerastune_ft.config.facts.applications import APPLICATIONS

_STATE = "which licence they have is not known here: state it yourself before you pass the model on"
# As the Hub names them; what Keras' documentation only points to is not among them.
_IDS = MappingProxyType(
    {"Apache-2.0": "apache-2.0", "MIT": "mit", "BSD": "bsd", "BSD-3-Clause": "bsd-3-clause", "CC-BY-4.0": "cc-by-4.0"}
)
# By the beginning of the preset's name: what the authors of the weights state.
_PRESETS = MappingProxyType(
    {
        "albert_": "Apache-2.0",
        "bert_": "Apache-2.0",
        "deberta_v3_": "MIT",
        "distil_bert_": "Apache-2.0",
        "electra_": "Apache-2.0",
        "f_net_": "Apache-2.0",
        "gpt2_": "MIT",
        "roberta_": "MIT",
        "whisper_": "MIT",
        "xlm_roberta_": "MIT",
    }
)
_OWN_LICENCE = "Apache-2.0"
_ORIGIN = {"imagenet": "the ImageNet weights of tf.keras.applications", "embedded": "the weights inside kerastune_ft"}


@dataclass(frozen=True)
class Licence:
    """The licence of pretrained weights: its id on the Hub, None where it is not known, and a sentence."""

    id: str | None
    sentence: str


def find_licence(backbone: Mapping[str, Any]) -> Licence:
    """Return the licence of the weights of a `backbone` section of a configuration."""
    return _FINDERS.get(str(backbone.get("kind")), _find_unknown)(backbone)


def _find_of_application(backbone: Mapping[str, Any]) -> Licence:
    name, weights = str(backbone["name"]), backbone.get("weights")
    if weights is None:
        return Licence(None, f"{name} began with random weights: the licence is yours to choose.")
    known = _OWN_LICENCE if weights == "embedded" else APPLICATIONS[name].license if weights == "imagenet" else None
    if known is not None and known in _IDS:
        return Licence(
            _IDS[known],
            f"The pretrained weights, {_ORIGIN[str(weights)]}, are under {known}; those of the data count too.",
        )
    origin = _ORIGIN.get(str(weights), f"from a file for {name}")
    where = f" (Keras' documentation: {known})" if known else ""
    return Licence(None, f"The pretrained weights are {origin}{where}; {_STATE}.")


def _find_of_preset(backbone: Mapping[str, Any]) -> Licence:
    preset = backbone.get("preset")
    if preset is None:
        return Licence(None, "The backbone began with random weights: the licence is yours to choose.")
    known = next((each for beginning, each in _PRESETS.items() if str(preset).startswith(beginning)), None)
    if known is None or "/" in str(preset):
        return _find_unknown(backbone)
    return Licence(
        _IDS[known], f"The authors of the pretrained weights ({preset}) state {known}; those of the data count too."
    )


def _find_unknown(backbone: Mapping[str, Any]) -> Licence:
    return Licence(None, f"The pretrained weights came from a file, a preset or a run of your own; {_STATE}.")


_FINDERS = {"applications": _find_of_application, "keras_hub": _find_of_preset}
