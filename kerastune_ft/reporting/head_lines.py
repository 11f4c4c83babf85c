"""The head of a plan in words: its layers, what a decoder reads, and where objects are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.reporting.quantities import format_count, format_plain, format_size, format_whole
from kerastune_ft.wording import counted

Document = Mapping[str, Any]
_FINEST = "stride2"
_JOIN = "head_join"
_TIED = "the vocabulary, tied to the embeddings"


def describe_head(head: Document, endpoints: Document) -> str:
    """Return the layers of a head, see `describe_layers`, and its parameters."""
    if not head or head.get("tied"):
        return describe_layers(head, endpoints)
    return f"{describe_layers(head, endpoints)} ({format_count(head.get('parameters'))} parameters)"


def describe_layers(head: Document, endpoints: Document) -> str:
    """Return the layers of a head in order; for a decoder its name and the endpoints it reads."""
    layers = head.get("layers") or ()
    if head.get("tied"):
        # That of hidden words has layers before the matrix.
        number = head.get("parameters")
        own = f"beside these it has {format_count(number)} parameters" if number else "it has no weights of its own"
        return f"{_TIED}: {own}"
    if detection := head.get("detection"):
        return f"{_describe_levels(detection)}; {counted(len(layers), 'layer')}"
    if not endpoints or _JOIN in layers:
        # Several inputs are joined, not decoded.
        return " > ".join(str(layer) for layer in layers)
    options = head.get("options") or {}
    decoder = options.get("decoder") or "unet"
    maps = f"the backbone's {', '.join(endpoints)}"
    if any(str(layer).startswith("head_pyramid_") for layer in layers):
        maps = f"a simple feature pyramid of {maps}"
    elif options.get("stride") is None and "head_output" in layers:
        fits = (
            "the finest, which fits" if _FINEST in endpoints else f"the backbone has no {_FINEST}, or it does not fit"
        )
        maps += f" (head.stride null: {fits} in the cache budget)"
    return f"{decoder} on {maps}, {counted(len(layers), 'layer')}"


def _describe_levels(detection: Document) -> str:
    """Return the levels of a detection head, what they were chosen by, and how many places and boxes there are."""
    strides = ", ".join(map(str, detection.get("strides") or ()))
    maps = detection.get("bytes") or {}
    stored = " + ".join(format_size(size) for size in maps.values())
    finest, smallest = detection.get("finest"), detection.get("smallest")
    why = "as head.levels says"
    if finest:
        why = (
            f"of the training boxes 90 % are larger than about {format_plain(smallest)} pixels, which asks for {finest}"
        )
    return (
        f"objects are looked for at strides {strides} ({why}), on maps of {stored} an image; "
        f"{format_whole(detection.get('places'))} places, at most {detection.get('max_detections')} boxes"
    )
