"""The mean answer over several augmented views of each example (test-time augmentation)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kerastune_ft.config.options.augment import is_active
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.order import Order
from kerastune_ft.training.evaluation.unknown import make_feed
from kerastune_ft.training.features.feed import Feed, Supply
from kerastune_ft.training.phase.evaluate import Evaluated, evaluate_split
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates.step import PhaseStep
from kerastune_ft.training.watch import Watcher


@dataclass(frozen=True)
class ViewFeed(Feed):
    """Gives one augmented view of every example where others give it as it is."""

    view: int = 0

    def evaluation_batches(self, order: Order) -> Iterable[tuple]:
        """Return the batches of an order, each example in the view of this number."""
        return self.training_batches(order, self.view)

    def can_stack(self, supply: Supply) -> bool:
        """Return False: views are computed from inputs."""
        return False


def find_augmentation(session: Session, views: int) -> tuple[Augmentation, str]:
    """Return the views of the last phase that augments, by its address (seed, view, content), and the phase's name.

    Raises ConfigError where no phase augments, and for masks and boxes, whose views would have to be undone.
    """
    if session.task.predicts_masks or session.task.predicts_boxes:
        noun = "masks" if session.task.predicts_masks else "boxes"
        raise ConfigError(
            f"--views: views of {noun} would have to be turned back before they are averaged; leave it out"
        )
    if facts(session.config.task).hides_words:
        raise ConfigError("--views: in each view other words are hidden, so there is nothing to average; leave it out")
    modality = session.backbone.input.augmentation_modality
    for phase in reversed(session.config.phases):
        operations = {name: value for name, value in phase.augment.resolve(modality).items() if name != "noise"}
        if is_active(operations):
            if not session.config.rules.zooms_evenly and "zoom" in operations:
                operations |= {"inverse_zoom": operations["zoom"], "zoom": 0.0}
            return Augmentation(operations, session.config.seed, 0, views), phase.name
    raise ConfigError(
        "--views: no phase of the run augments its examples, so nothing says what views of them are; views are those "
        'of training, as by "augment": "light" in a phase'
    )


def average_views(
    session: Session, plan: EvaluationPlan, evaluated: Evaluated, augmentation: Augmentation, watch: Watcher
) -> Evaluated:
    """Return what the task measures of the mean answer over all views of the examples."""
    step = PhaseStep(session.devices, plan.partition.tail, session.task, (), address="")
    plain = make_feed(session, plan)
    views = augmentation.views or 1
    measured = []
    for view in range(views):
        feed = ViewFeed(plain.devices, plain.training, plain.plain, augmentation, view=view)
        name = f"view {view + 1} of {views}"

        def progress(done: int, total: int, name: str = name) -> None:
            watch.work(f"evaluating {name}", done, total)

        found = evaluate_split(step, session.devices, feed, evaluated.indices, plan.batch_size, progress)
        measured.append(found.measured)
    return Evaluated(evaluated.indices, session.task.average(measured))
