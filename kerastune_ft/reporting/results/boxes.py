"""Results for pictures with boxes: average precision by class and size, curves, confusions and how scores spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting.drawing import render_both
from kerastune_ft.reporting.results.base import ResultPage, Results, join_names, sort_worst_first
from kerastune_ft.reporting.results.box_charts import draw_detections
from kerastune_ft.reporting.results.one_class import build_matrix, shade_matrix

NOTHING = "nothing"
"""The row of false alarms and the column of missed boxes."""


class BoxPage(ResultPage):
    """Figures by class and by size, precision-recall curves, the confusion matrix at an IoU of .5, and scores."""

    template = "results/boxes.html"
    headlines = ("mean_average_precision", "mean_average_precision_50")
    examples_file = "examples"
    examples_link = "Worst boxes"
    contents_note = (
        "A picture counts for each class of which it has a box, so the rows above the last do not add up to it."
    )

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return figures by class and by size; without boxes.json those by class that metrics.json has."""
        if results.boxes:
            return {"classes": [dict(row) for row in results.boxes["classes"]], "sizes": list(results.boxes["sizes"])}
        return {"classes": [{"class": name, **found} for name, found in results.classes.items()]}

    def draw(self, results: Results) -> dict[str, Any]:
        """Return curves, confusion matrix and scores, and the classes with the lowest average precision first."""
        rows = self.summarise(results)["classes"]
        drawn: dict[str, Any] = {"worst_first": sort_worst_first(rows, "average_precision")}
        if not results.boxes:
            return drawn
        found = results.boxes
        drawn |= {
            "sizes": found["sizes"],
            "average_recall": found["average_recall"],
            "limit": found["limit"],
            "at_own_limit": found.get("at_own_limit"),
            "without_truth": [str(row["class"]) for row in rows if not row["boxes"]],
            "matrix": shade_matrix(_arrange_confusion(found["confusion"], [str(row["class"]) for row in rows])),
        }
        if any(found["curves"].values()) or any(map(sum, found["scores"].values())):
            label = "Precision over recall at an IoU of .5 by class, and how many detections have which score"
            drawn["charts"] = render_both(lambda narrow: draw_detections(rows, found, narrow), label)
        return drawn

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return how many classes there are, and their names."""
        return f"boxes of {len(names)} classes: {join_names(names)}"


def _arrange_confusion(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Mapping[str, Any]:
    """Return the confusion matrix with a last row of false alarms and a last column of missed boxes."""
    # A class may have that name itself.
    nothing = NOTHING if NOTHING not in names else f"({NOTHING})"
    axis = [*names, nothing]
    pairs = {(axis[row], axis[column]): count for row, own in enumerate(counts) for column, count in enumerate(own)}
    return build_matrix(pairs, axis)
