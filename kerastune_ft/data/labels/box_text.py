"""Boxes of one picture as one text, where a picture is a row of a table or an example of a store."""

from __future__ import annotations

import json

import numpy as np

from kerastune_ft.data.labels.raw import BoxList


def write_boxes(boxes: BoxList) -> str:
    """Return the boxes as a JSON text, which `read_boxes` gives them back from."""
    areas = [None if np.isnan(area) else area for area in boxes.areas.tolist()]
    document = {
        "classes": boxes.classes,
        "sides": boxes.sides.tolist(),
        "crowd": boxes.crowd.astype(int).tolist(),
        "difficult": boxes.difficult.astype(int).tolist(),
        "areas": areas,
        "size": boxes.size,
    }
    return json.dumps(document, ensure_ascii=False)


def read_boxes(text: str, place: str) -> BoxList:
    """Return the boxes of a text of `write_boxes`; `place` names them in messages."""
    document = json.loads(text)
    size = document["size"]
    return BoxList.make(
        document["sides"],
        document["classes"],
        place,
        crowd=document["crowd"],
        difficult=document["difficult"],
        areas=[np.nan if area is None else area for area in document["areas"]],
        size=None if size is None else (size[0], size[1]),
    )
