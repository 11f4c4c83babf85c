"""Writing texts, token by token: the loss of the tokens to learn, and what is measured of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.generator import Generator
from kerastune_ft.backbones.language.vocabulary import Projection, find_projection, trim_vocabulary
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.losses.tokens import compute_token_losses
from kerastune_ft.metrics import tokens as token_metrics
from kerastune_ft.metrics.intervals.base import Sample, join_samples
from kerastune_ft.metrics.outcomes.written_texts import TextOutcomes
from kerastune_ft.metrics.texts import score as text_metrics
from kerastune_ft.metrics.texts.score import ANSWERED, TEXTS, find_parts
from kerastune_ft.tasks.base import Measured, Placement, Prediction, Task

LABELS, WEIGHTS = "labels", "weights"
"""The parts of a target, each [batch, length]: the token that follows each position, and 1 where it is learnt."""


class Writing(Task):
    """Texts that a language model goes on with.

    A target is a dict of `labels` int32 and `weights` float32 [batch, length]. Steps end at hidden states: scores of
    the whole vocabulary would be gigabytes. Losses are divided by the tokens that are learnt.
    """

    training_metrics = ("token_accuracy",)
    no_own_objects = "its head is the vocabulary of the backbone, and its loss is computed with it"
    output_name = "scores of the token that follows each position"

    def __init__(self, options: Any, scheme: LabelScheme, generator: Generator | None) -> None:
        """`generator` is what texts are generated with; None where nothing is to be generated."""
        self.kind, self.scheme, self.options = options.kind, scheme, options
        self.generator = generator
        self.metric_directions = {name: each.direction for name, each in facts(options).metrics.items()}
        self._projection: Projection | None = None
        self._trains = False

    def attach(self, model: Any, trained: Sequence[Any]) -> Writing:
        """Return the task with the vocabulary of a model, whose matrix gets a gradient where it is trained."""
        attached = copy.copy(self)
        attached._projection = find_projection(model)
        own = attached._projection.variable
        attached._trains = any(variable is own for variable in trained)
        return attached

    def trim(self, model: Any) -> Any:
        """Return the model up to its last hidden states."""
        return trim_vocabulary(model)

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Raise AssertionError: the head is the vocabulary of the backbone."""
        raise AssertionError("a model that writes has the vocabulary of its backbone as its head")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Return nothing: outputs are as many as the backbone's vocabulary has tokens."""
        return ()

    def finish(self, outputs: Any) -> Any:
        """Return scores as they are."""
        return outputs

    def join(self, outputs: Sequence[Any]) -> Any:
        """Raise TypeError: models that write are not joined."""
        raise TypeError(f"{self.kind} has no ensembles")

    def average(self, measured: Sequence[Measured]) -> Measured:
        """Raise TypeError: models that write are not joined."""
        raise TypeError(f"{self.kind} has no ensembles")

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Raise AssertionError: targets are tokens, which the loader makes beside the input."""
        raise AssertionError("tokens to learn come from the loader")

    def _compute(
        self, targets: Any, outputs: Any, weights: tf.Tensor, smoothing: Any = 0.0
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return losses, hits and weights by position, [batch, length] each."""
        known = self._projection
        assert known is not None, "the task is attached to no model"
        shares = targets[WEIGHTS] * weights[:, tf.newaxis]
        states = outputs if known.scale == 1.0 else outputs * tf.cast(known.scale, outputs.dtype)
        losses, hits = compute_token_losses(
            states,
            known.variable.value,
            targets[LABELS],
            shares,
            bias=None if known.bias is None else known.bias.value[0],
            is_transposed=known.is_transposed,
            cap=known.cap,
            smoothing=smoothing,
            trains=self._trains,
        )
        return losses, hits, shares

    def bind(self, model: Any, options: LossOptions = NO_OPTIONS) -> Any:
        """Return the loss of a phase: sums over the tokens that are learnt."""

        def compute_sums(targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
            smoothing = options.smoothing if options.is_smooth else 0.0
            losses, hits, shares = self._compute(targets, outputs, weights, smoothing)
            return {
                "count": tf.reduce_sum(shares),
                "loss": tf.reduce_sum(losses * shares),
                "token_accuracy": tf.reduce_sum(hits * shares),
            }

        return compute_sums

    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses of the tokens that are learnt, and how many they are."""
        losses, _, shares = self._compute(targets, outputs, weights)
        return tf.reduce_sum(losses * shares), tf.reduce_sum(shares)

    def training_sums(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the number of tokens that have the highest score."""
        _, hits, shares = self._compute(targets, outputs, weights)
        return {"token_accuracy": tf.reduce_sum(hits * shares)}

    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return for each example its summed `loss`, the `tokens` that count, and the `hits` among them."""
        losses, hits, shares = self._compute(targets, outputs, tf.ones_like(targets[WEIGHTS][:, 0]))
        return {
            "loss": tf.reduce_sum(losses * shares, 1),
            "tokens": tf.reduce_sum(shares, 1),
            "hits": tf.reduce_sum(hits * shares, 1),
        }

    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return loss, perplexity and token accuracy over all tokens that count; see `metrics.tokens`."""
        found = token_metrics.score(measured["loss"], measured["tokens"], measured["hits"])
        return found | text_metrics.score(find_parts(measured))

    def sample(self, measured: Measured) -> Sample:
        """Return the sums of the examples, for intervals."""
        own = token_metrics.make_sample(measured["loss"], measured["tokens"], measured["hits"])
        return join_samples(own, text_metrics.make_sample(find_parts(measured)))

    def outcomes(self, measured: Measured) -> TextOutcomes:
        """Return how many texts there are."""
        return TextOutcomes(len(measured["loss"]))

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> TextOutcomes:
        """Return how many texts rows of predictions.csv are of."""
        return TextOutcomes(len(rows))

    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return for each example the mean `loss` of its tokens, how many they are, and the share that is guessed."""
        tokens = measured["tokens"].astype(np.float64)
        return {
            "loss": measured["loss"].astype(np.float64) / np.maximum(tokens, 1.0),
            "tokens": tokens.astype(np.int64),
            "token_accuracy": measured["hits"].astype(np.float64) / np.maximum(tokens, 1.0),
            **{name: measured[name] for name in (ANSWERED, *TEXTS) if name in measured},
            **find_parts(measured),
        }

    @property
    def output_columns(self) -> tuple[str, ...]:
        """Return the column of answers."""
        return ("answer",)

    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Raise AssertionError: texts are generated, and no outputs decoded."""
        raise AssertionError("texts are generated token by token")

    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return for each example how far the mean loss of a token is from what was measured.

        `outputs` are rows of summed loss, tokens and hits, as the saved model gives them.
        """
        tokens = np.maximum(measured["tokens"].astype(np.float64), 1.0)
        return np.abs(np.asarray(outputs, np.float64)[:, 0] - measured["loss"].astype(np.float64)) / tokens
