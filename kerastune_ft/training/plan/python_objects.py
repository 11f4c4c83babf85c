"""What a plan says of the objects of Python that a run is given."""

from __future__ import annotations

from kerastune_ft.training.session.session import Session


def notes(session: Session) -> list[str]:
    """Return sentences on a head, a loss and metrics of the caller's, and on what cannot be promised of them."""
    python = session.config.python
    if python is None:
        return []
    said = []
    if python.head is not None:
        said.append(
            f"the head is {python.head.name}, given in Python: made anew with weights by the run's seed; draws of its "
            "Dropout layers are addressed, those of other functions it calls are not known"
        )
    if python.loss is not None:
        said.append(
            f"phases train on {python.loss.name}, given in Python; validation_loss is the task's own loss, as always"
        )
    for name, metric in python.metrics.items():
        better = {"min": "lower", "max": "higher"}[metric.direction]
        said.append(f"{name} is measured by {metric.name}, given in Python; {better} is better")
    said.append(
        f"the run goes on only where kt.run is given the same objects ({python.arguments}); functions that these call "
        "are not compared"
    )
    return said
