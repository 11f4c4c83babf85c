"""Taking the backbone of a proposal by measurement: linear probes on the data rank those that are here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kerastune_ft.scaffolding.propose import Proposal

MEASURE = "measure"
"""The word for a backbone that is to be chosen by measurement."""
USUAL_TIME = "10m"
"""How long candidates are begun where nobody says how long."""
Rank = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Returns the ranking of the backbones for a configuration, as `backbones --on CONFIG --json` prints it."""


def with_measured_backbone(proposal: Proposal, rank: Rank) -> Proposal:
    """Return a proposal with the backbone that is best on its data, what was measured of each said as seen.

    Where the best is the one proposed, that stays as it is written, and so it does where none could be measured.
    """
    ranking = rank(proposal.document)
    best = next((row for row in ranking["backbones"] if row["value"] is not None), None)
    seen = (*proposal.seen, *_describe(ranking))
    if best is None:
        return replace(proposal, seen=seen)
    count = sum(row["value"] is not None for row in ranking["backbones"])
    reason = f"the best of {count} by linear probes on these data: {_write_figures(best, ranking['metric'])}"
    own = best["origin"] == "config"
    written = proposal.document["backbone"] if own else best["backbone"]
    plain = {key: value for key, value in written.items() if not key.startswith("//") or (own and key != "// name")}
    return replace(proposal, document={**proposal.document, "backbone": {"// kind": reason, **plain}}, seen=seen)


def _describe(ranking: Mapping[str, Any]) -> Iterator[str]:
    for row in ranking["backbones"]:
        said = f"{row['state']}: {row['why']}" if row["value"] is None else _write_figures(row, ranking["metric"])
        yield f"backbone {row['name']}: {said}"


def _write_figures(row: Mapping[str, Any], metric: str) -> str:
    interval = "" if row["interval"] is None else " ({:.3g} to {:.3g})".format(*row["interval"])
    return f"{metric} {row['value']:.3g}{interval}"
