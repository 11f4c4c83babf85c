"""The result page of every kind of labels; a new kind is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.reporting.results.base import ResultPage
from kerastune_ft.reporting.results.boxes import BoxPage
from kerastune_ft.reporting.results.masks import MaskPage
from kerastune_ft.reporting.results.one_class import OneClassPage
from kerastune_ft.reporting.results.several_classes import SeveralClassesPage
from kerastune_ft.reporting.results.values import ValuePage
from kerastune_ft.reporting.results.written_texts import TextPage

PAGES: Mapping[str, ResultPage] = {
    "one": OneClassPage(),
    "several": SeveralClassesPage(),
    "values": ValuePage(),
    "mask": MaskPage(),
    "boxes": BoxPage(),
    "text": TextPage(),
}
"""The page of every kind of labels, by its name in plan.json."""
