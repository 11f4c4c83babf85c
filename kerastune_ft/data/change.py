"""What changed in the data of a run since the run recorded its examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerastune_ft.wording import counted, first_names

_SHOWN = 3


@dataclass(frozen=True)
class DataChange:
    """The difference between the data of a run and the same data now."""

    known: str
    """The fingerprint of the data that the run had."""
    now: str
    """The fingerprint of the data that is there."""
    gone: Mapping[str, Sequence[str]]
    """By split, the names that examples had which are not there any more."""
    added: Sequence[str]
    """The names of examples that the run did not have."""
    relabelled: Mapping[str, Sequence[str]]
    """By split, the examples whose label changed, as `name: "old", now "new"`."""

    def touches(self, split: str) -> bool:
        """Return whether a split of the run lacks examples or has other labels now."""
        return bool(self.gone.get(split) or self.relabelled.get(split))

    def describe(self) -> str:
        """Return what is gone, new or labelled otherwise."""
        said = [_count(names, f"{split} example", "gone") for split, names in self.gone.items()]
        said += [_count(self.added, "example", "new")] if self.added else []
        said += [_count(names, f"{split} example", "with another label") for split, names in self.relabelled.items()]
        return "; ".join(said) or (
            "the same examples in another order, under other names, in other splits, or with other ones left out"
        )


def _count(names: Sequence[str], noun: str, what: str) -> str:
    return f"{counted(len(names), noun)} {what} ({first_names(names, _SHOWN)})"


def name_fingerprints(known: str, now: str) -> str:
    """Return two fingerprints as messages name them."""
    return f"fingerprint {known[:12]}, now {now[:12]}"
