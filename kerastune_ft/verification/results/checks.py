"""The check of results for every kind of labels; a new kind is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.verification.results.base import ResultCheck
from kerastune_ft.verification.results.boxes import BoxCheck
from kerastune_ft.verification.results.masks import MaskCheck
from kerastune_ft.verification.results.one_class import OneClassCheck
from kerastune_ft.verification.results.several_classes import SeveralClassesCheck
from kerastune_ft.verification.results.values import ValueCheck
from kerastune_ft.verification.results.written_texts import TextCheck

CHECKS: Mapping[str, ResultCheck] = {
    "one": OneClassCheck(),
    "several": SeveralClassesCheck(),
    "values": ValueCheck(),
    "mask": MaskCheck(),
    "boxes": BoxCheck(),
    "text": TextCheck(),
}
"""The check of every kind of labels, by its name in plan.json."""
