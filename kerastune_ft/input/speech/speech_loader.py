"""The data loader of speech: sounds are loaded as for all sounds, their transcripts are tokens in memory."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.speech.speech_input import NAMES, SOUND, SpeechInput
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.language.rows import DialogueRows
from kerastune_ft.input.loader import Loader, Lookup
from kerastune_ft.input.order import Order
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.sounds.sound_loader import SoundLoader
from kerastune_ft.input.speech.transcripts import (
    SpeechSettings,
    choose_limit,
    find_unwritten,
    pack_transcripts,
    tokens_of,
)
from kerastune_ft.input.targets import map_in_order
from kerastune_ft.input.texts.lengths import assign_buckets, choose_lengths, round_up
from kerastune_ft.input.texts.tokenise import has_vocabulary, hash_tokenizer, hash_tokenizer_parts
from kerastune_ft.wording import counted, first_names

_SHOWN = 3
_TARGETS = ("labels", "weights")
_AHEAD = 2


class SpeechLoader:
    """Loads sounds of one length, and looks up the tokens of their transcripts, padded to at most four lengths."""

    parts: Mapping[str, Loader] = {}
    in_memory = None
    decoder = None

    def look_up(self, augmentation: Augmentation) -> Lookup | None:
        """Return None: inputs are loaded."""
        return self.in_memory

    def __init__(self, sounds: SoundLoader, settings: SpeechSettings, rows: DialogueRows) -> None:
        """`sounds` loads the sounds of the source, `rows` are the tokens of its transcripts."""
        self.sounds, self.settings, self.rows = sounds, settings, rows
        self.source, self.task = sounds.source, sounds.task

    @property
    def geometry(self) -> Clip:
        """Return the rate and length of sounds."""
        return self.settings.clip

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the lengths that rows of tokens are padded to, ascending."""
        return self.settings.sizes

    @functools.cached_property
    def buckets(self) -> np.ndarray:
        """The number of the length that each example's tokens are padded to, by index in the source."""
        return assign_buckets(self.rows.lengths, self.sizes)

    @property
    def mean_length(self) -> float:
        """Return the mean number of positions in a row of tokens, padding included."""
        return float(np.asarray(self.sizes)[self.buckets].mean())

    def at(self, image_size: tuple[int, int]) -> SpeechLoader:
        """Return the loader itself: sounds have no image size."""
        return self

    def length(self, bucket: int | None) -> int | None:
        """Return the positions that the rows of tokens of a bucket are padded to."""
        return None if bucket is None else self.sizes[bucket]

    def tokens(self, bucket: int | None) -> int | None:
        """Return the positions that the rows of tokens of a bucket are padded to."""
        return self.length(bucket)

    def input_spec(self, bucket: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the spec of one sound and of its row of tokens, by the name of the model's input."""
        sound = tf.TensorSpec([self.geometry.samples], tf.float32)
        row = tf.TensorSpec([self.length(bucket)], tf.int32)
        return {name: sound if name == SOUND else row for name in NAMES}

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Return a dataset of (inputs, targets, weights, indices), `shares` batches for each batch of the order."""
        rows = order.batch // shares
        sounds = self.sounds.inputs(order.indices, rows, augmentation, epoch)
        others = tf.data.Dataset.from_tensor_slices((order.indices, order.weights)).batch(rows, drop_remainder=True)

        def join(sound: tf.Tensor, other: tuple[tf.Tensor, tf.Tensor]) -> tuple:
            indices, weights = other
            names = [name for name in NAMES if name != SOUND]
            kinds = [tf.int32] * len(names) + [tf.int32, tf.float32]
            found = tf.numpy_function(functools.partial(self._look_up, names), [indices], kinds, stateful=False)
            found = [tf.ensure_shape(each, [rows, None]) for each in found]
            inputs = {SOUND: sound, **dict(zip(names, found, strict=False))}
            return inputs, dict(zip(_TARGETS, found[len(names) :], strict=True)), weights, indices

        return map_in_order(tf.data.Dataset.zip((sounds, others)), join).prefetch(_AHEAD * shares)

    def _look_up(self, names: Sequence[str], indices: np.ndarray) -> list[np.ndarray]:
        inputs, targets = self._pad(indices)
        return [*(inputs[name] for name in names), *(targets[name] for name in _TARGETS)]

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterable[Any]:
        """Yield batches of `rows` inputs of these examples by name, in order; their tokens must share a length."""
        for number, sounds in enumerate(self.sounds.inputs(indices, rows, augmentation, version)):
            found, _ = self._pad(indices[number * rows : (number + 1) * rows])
            yield {SOUND: sounds, **{name: tf.constant(values) for name, values in found.items()}}

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return `labels` and `weights` [examples, length] of examples whose tokens share a length."""
        return self._pad(indices)[1]

    def _pad(self, indices: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        size = self.sizes[self.buckets[indices].max(initial=0)]
        return self.rows.pad(indices, size, self.settings.tokens.pad)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, of the padded length nearest to the mean of all."""
        distances = np.abs(np.asarray(self.sizes) - self.mean_length)
        buckets = self.buckets[indices]
        return np.resize(indices[buckets == buckets[np.argmin(distances[buckets])]], len(indices))

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its sound and its row of tokens depend on."""
        own = self.settings
        return {
            **self.sounds.key_parts(),
            "length": self.length(bucket),
            "limit": own.limit,
            "tokenizer": hash_tokenizer(own.given.tokenizer),
            "special": [list(own.prompt), own.tokens.end, own.tokens.pad, own.tokens.lead],
        }

    def part_hashes(self) -> dict[str, str]:
        """Return the hashes of the tokenizer: of its class and options, and of its vocabulary."""
        return hash_tokenizer_parts(self.settings.given.tokenizer)

    def plan_entry(self) -> dict[str, Any]:
        """Return the entries `sound` and `speech` of plan.json."""
        return {**self.sounds.plan_entry(), "speech": self.to_json()}

    def to_json(self) -> dict[str, Any]:
        """Return the rows of tokens in numbers and settings, as plan.json has them."""
        lengths, computed = self.rows.lengths, np.asarray(self.sizes)[self.buckets]
        cut = self.rows.lost > 0
        return {
            **self.settings.to_json(),
            "has_vocabulary": has_vocabulary(self.settings.given.tokenizer),
            "examples": np.bincount(self.buckets, minlength=len(self.sizes)).tolist(),
            "mean_tokens": round(float(lengths.mean()), 1),
            "padding": round(1 - float(lengths.sum() / computed.sum()), 4),
            "truncated": {"examples": int(cut.sum()), "tokens": int(self.rows.lost.sum())},
        }

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each sound its length and rate in the model, its own length, and the tokens of its transcript."""
        described = self.sounds.describe_inputs(indices)
        return [{**own, "tokens": int(self.rows.lengths[at])} for own, at in zip(described, indices, strict=True)]

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences on the length of sounds, and on what transcripts say that is not heard or not learnt."""
        own = [*self._note_length(), *self._note_cut_sounds(), *self._note_cut_texts(show_names)]
        return [*self.sounds.notes(show_names), *own]

    def _note_length(self) -> list[str]:
        own, clip = self.settings.given.own_samples, self.geometry
        if own is None or own == clip.samples:
            return []
        return [
            f"the weights were made for sounds of {own / clip.sample_rate:.4g} s, silence included; until it is tuned "
            f"at {clip.seconds:.4g} s the model may repeat itself, so that figures before training say little"
        ]

    def _note_cut_sounds(self) -> list[str]:
        lengths, clip = self.source.sound_seconds, self.geometry
        longer = 0 if lengths is None else int((lengths > clip.seconds + 0.5 / clip.sample_rate).sum())
        if not longer:
            return []
        return [
            f"the transcripts of {counted(longer, 'sound')} that {'is' if longer == 1 else 'are'} cut say more than is "
            "heard; divide these sounds before, or leave them out (data.exclude)"
        ]

    def _note_cut_texts(self, show_names: bool) -> list[str]:
        cut = np.flatnonzero(self.rows.lost > 0)
        if not len(cut):
            return []
        names = f" ({first_names([self.source.keys[int(index)] for index in cut], _SHOWN)})" if show_names else ""
        return [
            f"{len(cut):,} of {counted(len(self.rows.lost), 'transcript')}{names} "
            f"{'is' if len(cut) == 1 else 'are'} longer than {self.settings.limit} tokens and cut, by "
            f"{int(self.rows.lost.sum()):,} tokens in all (data.target_length)"
        ]


def build_speech_loader(
    source: DataSource,
    task: Any,
    given: SpeechInput,
    sounds: SoundLoader,
    asked: int | None,
    backbone: str,
    sizes: Sequence[int] | None = None,
) -> SpeechLoader:
    """Tokenise the transcripts of a source and return its loader.

    `asked` is data.target_length, `backbone` the name of the model; `sizes` are those of an earlier run whose model is
    used on other data. Raises ConfigError for a length that the model has no positions for, and for a language that it
    does not know.
    """
    prompt = tokens_of(given).make_prompt(task.options.language, task.options.translate, backbone)
    limit = sizes[-1] if sizes else choose_limit(given, asked, prompt)
    rows = pack_transcripts(source.label_texts, given, prompt, limit)
    every = np.arange(len(rows.lengths))
    train = source.splits.get("train", every)
    longest = min(limit, round_up(int(rows.lengths.max())))
    chosen = tuple(sizes or choose_lengths(rows.lengths[train], longest))
    earlier = given.unwritten if sizes else None
    unwritten = find_unwritten(given, rows, train, prompt) if earlier is None else earlier
    return SpeechLoader(sounds, SpeechSettings(given, prompt, sounds.geometry, limit, chosen, unwritten), rows)
