"""What a plan says of unknown answers."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.session.session import Session

# Of more, whose features would have to be in memory together, no more could be kept.
MOST_FITTED = 50_000


def notes(session: Session) -> Iterator[str]:
    """Yield what is done after the last phase for `task.unknown`; raise ConfigError where that is impossible."""
    share = getattr(session.config.task, "unknown", None)
    if share is None:
        return
    sizes = {split: len(indices) for split, indices in session.source.splits.items()}
    validation = sizes.get("validation", 0)
    if not validation:
        raise ConfigError(
            "task.unknown: there is no validation split, whose distances give the threshold; give data.splits one, or "
            "remove it"
        )
    yield (
        "unknown answers: after the last phase the features that the head is given of "
        f"{min(sizes['train'], MOST_FITTED):,} training examples are kept, 4 MB at most; a threshold on the distance "
        f"to the nearest lets {share:g} of the {validation:,} validation examples through"
    )
    if validation * (1.0 - share) < 1.0:
        yield (
            f"unknown answers: of {validation:,} validation examples none is left beyond {share:g} of them, so the "
            "threshold is just above the distance of the farthest one, and may be another one with other examples"
        )
