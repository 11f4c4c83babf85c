"""Show by figures that staged fine-tuning from the embedded weights pays.

    python scripts/staged_benefit.py --directory runs/staged_benefit

Runs the schedule of configs/medical.json on `blood_smear`, and that of configs/digits.json on 300 training examples
of the real `digits`, from the embedded and from random weights, over three seeds. Claims, each checked (exit code 1
if one fails): all phases beat the head phase, and the embedded weights beat random ones, each by more than twice
the spread of the seeds; on `digits` by at least .15 besides. Spread is the largest minus the smallest, which is
stricter than a standard deviation. What was run before under the same directory is read, not run again.

`blood_smear` is synthetic: its figures say that the machinery works, nothing about medicine. Random weights go through
the same schedule, frozen BatchNorm included, which is what a missing pretrained file would give, not the best that
training from nothing can reach.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import kerastune_ft as kt

CONFIGS = Path(__file__).parents[1] / "configs"
SEEDS = (1, 2, 3)
DIGITS_TRAINING_EXAMPLES = 300
DIGITS_EXAMPLES = 1797
LEAST_GAIN_ON_DIGITS = 0.15
# A quarter of the examples would otherwise mean a quarter of the steps.
EPOCHS_FACTOR_ON_DIGITS = 3


class Outcome(NamedTuple):
    """Validation accuracy after the first phase and at the end, and test accuracy at the end, of one run."""

    head: float
    final: float
    test: float


class Claim(NamedTuple):
    """The claim that `better` exceeds `worse` (an accuracy per seed) by twice their spread and at least by `least`."""

    text: str
    better: Sequence[float]
    worse: Sequence[float]
    least: float = 0.0

    @property
    def gain(self) -> float:
        """The difference of the means."""
        return _mean(self.better) - _mean(self.worse)

    @property
    def spread(self) -> float:
        """The larger of both sides' largest minus smallest."""
        return max(max(side) - min(side) for side in (self.better, self.worse))

    @property
    def holds(self) -> bool:
        """Whether the gain is large enough."""
        return self.gain > 2 * self.spread and self.gain >= self.least


def main() -> int:
    """Run what is missing, print the table and the claims, return 0 if all claims hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path("runs/staged_benefit"), help="where the runs are kept")
    directory = parser.parse_args().directory
    outcomes = {}
    for data, config in (("blood_smear", medical()), ("digits", few_digits())):
        for weights in ("embedded", None):
            name = f"{data}, {weights or 'random'}"
            outcomes[name] = [outcome(config, weights, seed, directory) for seed in SEEDS]
    print(table(outcomes))
    claims = all_claims(outcomes)
    for claim in claims:
        print(f"{'holds' if claim.holds else 'FAILS'}  {claim.text}: +{claim.gain:.3f}, spread {claim.spread:.3f}")
    return 0 if all(claim.holds for claim in claims) else 1


def medical() -> dict[str, Any]:
    """Return the config that ships, on which the first claims are made."""
    return json.loads((CONFIGS / "medical.json").read_text("utf-8"))


def few_digits() -> dict[str, Any]:
    """Return the shipped config of `digits` with as few training examples as the claim says, and more epochs."""
    config = json.loads((CONFIGS / "digits.json").read_text("utf-8"))
    train = DIGITS_TRAINING_EXAMPLES / DIGITS_EXAMPLES
    config["data"]["splits"] = {"train": train, "validation": train, "test": 1 - 2 * train, "stratify": True}
    for phase in config["phases"]:
        phase["epochs"] *= EPOCHS_FACTOR_ON_DIGITS
    return config


def outcome(config: dict[str, Any], weights: str | None, seed: int, directory: Path) -> Outcome:
    """Run `config` from `weights` with `seed`, or read the run if it is there, and return its accuracies."""
    config = copy.deepcopy(config)
    name = f"{config['data']['name']}-{weights or 'random'}-{seed}"
    config |= {"seed": seed, "name": name}
    config["backbone"] = {"kind": "applications", "name": "MobileNetV2", "weights": weights, "image_size": 96}
    config["backbone"]["options"] = {"alpha": 0.35}
    print(f"running {name}", file=sys.stderr)
    run = kt.run(config, directory=str(directory))
    head = run.manifest["phases"][0]["best"]["validation_accuracy"]
    return Outcome(head, run.metrics["validation"]["accuracy"], run.metrics["test"]["accuracy"])


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Return the accuracies as text: a row per data set and weights, mean and (smallest to largest) over the seeds."""
    rows = [f"{'data, weights':24}{'head phase':>24}{'all phases':>24}{'test':>24}"]
    for name, runs in outcomes.items():
        columns = zip(*runs, strict=True)
        rows.append(f"{name:24}" + "".join(f"{_range(column):>24}" for column in columns))
    return "\n".join(rows)


def all_claims(outcomes: dict[str, list[Outcome]]) -> list[Claim]:
    """Return the claims that the accuracies must satisfy."""
    smear, digits = outcomes["blood_smear, embedded"], outcomes["digits, embedded"]
    random_smear, random_digits = outcomes["blood_smear, random"], outcomes["digits, random"]
    return [
        Claim("blood_smear: all phases over the head phase", *_columns("final", smear, "head", smear)),
        Claim("blood_smear: embedded over random weights", *_columns("final", smear, "final", random_smear)),
        Claim(
            f"digits, {DIGITS_TRAINING_EXAMPLES} examples: embedded over random weights",
            *_columns("test", digits, "test", random_digits),
            least=LEAST_GAIN_ON_DIGITS,
        ),
    ]


def _columns(better: str, runs: list[Outcome], worse: str, others: list[Outcome]) -> tuple[list[float], list[float]]:
    return [getattr(run, better) for run in runs], [getattr(run, worse) for run in others]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _range(values: Sequence[float]) -> str:
    return f"{_mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    raise SystemExit(main())
