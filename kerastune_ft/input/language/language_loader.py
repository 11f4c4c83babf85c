"""The data loader of dialogues: tokens are made once and kept in memory, and every batch has one padded length."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.language_input import LanguageInput
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.facts.chat_templates import PLAIN, SUMMARY, TEMPLATES, TemplateFacts
from kerastune_ft.config.options.language.tasks import OF_TURNS
from kerastune_ft.config.options.task_facts import LANGUAGE, PAIR, facts
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.dialogues.turns import Dialogue
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.cut_source import pack_pairs, shorten
from kerastune_ft.input.language.row_lookup import RowLookup
from kerastune_ft.input.language.rows import DialogueRows, choose_places, encode_parts, encode_segments, pack_dialogues
from kerastune_ft.input.language.template import Segment, Template, choose_template
from kerastune_ft.input.loader import INPUT_VERSION, TargetTask
from kerastune_ft.input.texts.lengths import assign_buckets, choose_lengths, round_up
from kerastune_ft.input.texts.row_settings import read_sizes
from kerastune_ft.input.texts.token_loader import choose_limit
from kerastune_ft.input.texts.tokenise import has_vocabulary, hash_tokenizer, hash_tokenizer_parts
from kerastune_ft.wording import counted

_SHOWN = 3
END, BEGINNING = "end", "beginning"
# By the modality of a task: its template `plain`, and what is kept of a text that is too long.
_FORMS: Mapping[str, tuple[TemplateFacts, str]] = {LANGUAGE: (TEMPLATES[PLAIN], END), PAIR: (SUMMARY, BEGINNING)}
_LOST = {
    END: "from the beginning of what stands before the last answer",
    BEGINNING: "from the end of the text",
}


@dataclass(frozen=True)
class DialogueSettings:
    """The settings by which dialogues become rows of tokens: of a loader, of a saved model, of answers."""

    given: TextInput
    template: Template
    learns_all: bool
    limit: int
    """The most positions of a row."""
    sizes: tuple[int, ...]
    """The lengths that rows are padded to, ascending; an example gets the first that it fits into."""
    keeps: str = END
    """What is kept of what stands before an answer, where that is too long: its `end` or its `beginning`."""
    target_length: int | None = None
    """The most tokens of an answer, with the one that ends it; None where it may be as long as a row."""

    @classmethod
    def from_plan(cls, entry: Mapping[str, Any], tokenizer: Any) -> DialogueSettings:
        """Return the settings of a run from the entry `language` of its plan.json."""
        given = LanguageInput.from_json(entry["rows"], tokenizer)
        template, learns_all = Template.from_json(entry["template"]), entry["learn"] == "all"
        limit, keeps = entry["sequence_length"], entry.get("keeps", END)
        return cls(given, template, learns_all, limit, read_sizes(entry), keeps, entry.get("target_length"))

    def pack(self, dialogues: Sequence[Dialogue]) -> DialogueRows:
        """Return the rows of dialogues, rendered by the template."""
        segments = [self.template.render(each, self.learns_all) for each in dialogues]
        # Where all is learnt, answers are still what is kept longest.
        answers = [self.template.render(each) for each in dialogues] if self.learns_all else segments
        return _PACK[self.keeps](self, segments, answers, ControlTokens(self.given.tokenizer))

    def cut(self, dialogue: Dialogue) -> list[tuple[Segment, np.ndarray, np.ndarray]]:
        """Return the segments of a dialogue, each with its tokens and those of them that a row keeps, int32."""
        segments = self.template.render(dialogue, self.learns_all)
        (parts,) = encode_parts([segments], self.given, ControlTokens(self.given.tokenizer))
        if self.keeps == BEGINNING:
            return list(zip(segments, parts, shorten(segments, parts, self.limit + 1, self.target_length), strict=True))
        answers = self.template.render(dialogue)
        marks = [np.full(len(part), each.is_learnt) for each, part in zip(answers, parts, strict=True)]
        start = len(self.given.start) if self.template.starts else 0
        places = choose_places(np.concatenate(marks), self.limit + 1, start)
        ends = np.cumsum([0, *map(len, parts)])
        kept = [
            part[places[(places >= begin) & (places < end)] - begin]
            for part, (begin, end) in zip(parts, pairwise(ends), strict=True)
        ]
        return list(zip(segments, parts, kept, strict=True))

    def _pack_ends(
        self, segments: Sequence[Sequence[Segment]], answers: Sequence[Sequence[Segment]], tokens: ControlTokens
    ) -> DialogueRows:
        encoded, marked = (encode_segments(each, self.given, tokens) for each in (segments, answers))
        start = len(self.given.start) if self.template.starts else 0
        return pack_dialogues(encoded, self.limit, start, [flags for _, flags in marked])

    def _pack_beginnings(
        self, segments: Sequence[Sequence[Segment]], answers: Sequence[Sequence[Segment]], tokens: ControlTokens
    ) -> DialogueRows:
        return pack_pairs(segments, encode_parts(segments, self.given, tokens), self.limit, self.target_length)


_PACK = {END: DialogueSettings._pack_ends, BEGINNING: DialogueSettings._pack_beginnings}


@dataclass(frozen=True)
class LanguageLoader(RowLookup):
    """Looks up the rows of tokens of all dialogues of a source, and the tokens that are learnt in them."""

    source: DialogueSource
    task: TargetTask
    settings: DialogueSettings
    rows: DialogueRows

    @property
    def template(self) -> Template:
        """Return the template of dialogues."""
        return self.settings.template

    @property
    def limit(self) -> int:
        """Return the most positions of a row."""
        return self.settings.limit

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the lengths that rows are padded to, ascending."""
        return self.settings.sizes

    @functools.cached_property
    def buckets(self) -> np.ndarray:
        """The number of the length that each example is padded to, by index in the source."""
        return assign_buckets(self.rows.lengths, self.sizes)

    @property
    def mean_length(self) -> float:
        """Return the mean number of positions in a row, padding included."""
        return float(np.asarray(self.sizes)[self.buckets].mean())

    def length(self, bucket: int | None) -> int | None:
        """Return the positions that the rows of a bucket are padded to."""
        return None if bucket is None else self.sizes[bucket]

    def tokens(self, bucket: int | None) -> int | None:
        """Return the positions that the rows of a bucket are padded to."""
        return self.length(bucket)

    def input_spec(self, bucket: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the spec of one row of tokens of a bucket, by the name of the model's input."""
        return {name: tf.TensorSpec([self.length(bucket)], tf.int32) for name in self.settings.given.names}

    def pad(self, indices: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return inputs by name and targets of examples that share a length, [examples, length] each."""
        return self.rows.pad(indices, self.sizes[self.buckets[indices].max(initial=0)], self.settings.given.pad)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, of the padded length nearest to the mean of all."""
        distances = np.abs(np.asarray(self.sizes) - self.mean_length)
        buckets = self.buckets[indices]
        return np.resize(indices[buckets == buckets[np.argmin(distances[buckets])]], len(indices))

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its row of tokens depends on."""
        return {
            "task": self.task.kind,
            "version": INPUT_VERSION,
            "length": self.length(bucket),
            "limit": self.limit,
            "tokenizer": hash_tokenizer(self.settings.given.tokenizer),
            "special": [
                self.settings.given.start,
                self.settings.given.end,
                self.settings.given.pad,
                self.settings.given.names,
            ],
            "template": self.template.to_json(),
            "keeps": self.settings.keeps,
            "target_length": self.settings.target_length,
        }

    def part_hashes(self) -> dict[str, str]:
        """Return the hashes of the tokenizer: of its class and options, and of its vocabulary."""
        return hash_tokenizer_parts(self.settings.given.tokenizer)

    def plan_entry(self) -> dict[str, Any]:
        """Return the entry `language` of plan.json."""
        return {"text": None, "sound": None, "language": self.to_json()}

    def to_json(self) -> dict[str, Any]:
        """Return the rows of tokens in numbers and settings, as plan.json has them."""
        lengths, learnt = self.rows.lengths, int(self.rows.learnt.sum())
        computed = np.asarray(self.sizes)[self.buckets]
        return {
            "sequence_length": self.limit,
            "lengths": list(self.sizes),
            "rows": self.settings.given.to_json(),
            "has_vocabulary": has_vocabulary(self.settings.given.tokenizer),
            "template": self.template.to_json(),
            "learn": "all" if self.settings.learns_all else "responses",
            "keeps": self.settings.keeps,
            "target_length": self.settings.target_length,
            "texts_alone": not any(self.source.label_texts),
            "examples": np.bincount(self.buckets, minlength=len(self.sizes)).tolist(),
            "mean_tokens": round(float(lengths.mean()), 1),
            "padding": round(1 - float(lengths.sum() / computed.sum()), 4),
            "learnt": {"tokens": learnt, "share": round(learnt / max(1, len(self.rows.ids)), 4)},
            "truncated": {
                "examples": int((self.rows.lost > 0).sum()),
                "tokens": int(self.rows.lost.sum()),
                "answers": int((self.rows.lost_end > 0).sum()),
            },
        }

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each example how many of its tokens the model reads, and how many there are."""
        sizes, lost = np.diff(self.rows.offsets), self.rows.lost
        return [{"tokens": int(sizes[index]), "of": int(sizes[index] + lost[index])} for index in indices]

    def notes(self, show_names: bool = False) -> list[str]:
        """Return sentences on dialogues that are cut."""
        ends = self.rows.lost_end
        before, earlier = self.rows.lost - ends, int((self.rows.lost_answer - ends).sum())
        cut, short = int((before > 0).sum()), int((ends > 0).sum())
        said = []
        if cut:
            inner = f", {earlier:,} of them of earlier answers" if earlier and not self.settings.learns_all else ""
            said.append(
                f"{cut:,} of {counted(len(before), 'example')} {'is' if cut == 1 else 'are'} cut to {self.limit} "
                f"tokens and {'loses' if cut == 1 else 'lose'} {int(before.sum()):,} tokens, "
                f"{_LOST[self.settings.keeps]}{inner}"
            )
        if short:
            of = "" if cut else f" of {len(before):,}"
            said.append(
                f"the answers to learn of {short:,}{of} examples lose {int(ends.sum()):,} tokens, from their end"
            )
        key = "data.sequence_length" if cut or self.settings.target_length is None else "data.target_length"
        if cut and short and self.settings.target_length is not None:
            key += ", data.target_length"
        return [f"{'; '.join(said)} ({key})"] if said else []


def build_language_loader(
    source: DialogueSource,
    task: Any,
    given: TextInput,
    asked: int | None,
    report: Callable[[str], None],
    sizes: Sequence[int] | None = None,
    target_length: int | None = None,
) -> LanguageLoader:
    """Tokenise the dialogues of a source and return its loader.

    `asked` is data.sequence_length; `sizes` are those of an earlier run whose model is used on other data. Raises
    ConfigError for a length that the model has no positions for, a template that its tokenizer has no tokens of or that
    no dialogue is rendered by, and DataError for examples without a token to learn.
    """
    limit = sizes[-1] if sizes else choose_limit(given, asked, 1)
    dialogues = [source.read_dialogue(index) for index in range(len(source.keys))]
    if sizes is None:
        _check_turns(dialogues, task.options)
    settings = make_settings(task.options, given, limit, target_length)
    rows = settings.pack(dialogues)
    _check_learnt(rows, source)
    train = rows.lengths[source.splits["train"]] if "train" in source.splits else rows.lengths
    longest = min(limit, round_up(int(rows.lengths.max())))
    chosen = tuple(sizes or choose_lengths(train, longest))
    return LanguageLoader(source, task, replace(settings, sizes=chosen), rows)


def make_settings(options: Any, given: TextInput, limit: int, target_length: int | None = None) -> DialogueSettings:
    """Return the settings of a task's rows, `options`, of at most `limit` positions, before what they are padded to.

    Raises ConfigError for a template that the tokenizer has no tokens of.
    """
    plain, keeps = _FORMS[facts(options).modality]
    template = choose_template(options.template, given, ControlTokens(given.tokenizer), plain)
    return DialogueSettings(given, template, options.learn == "all", limit, (), keeps, target_length)


def _check_turns(dialogues: Sequence[Dialogue], options: Any) -> None:
    """Raise ConfigError for a key about turns where all texts are plain ones, which have none."""
    if not all(turn.is_plain for dialogue in dialogues for turn in dialogue):
        return
    for key, neutral in OF_TURNS.items():
        if getattr(options, key, neutral) != neutral:
            raise ConfigError(
                f"task.{key}: it has no effect on plain texts, which have no turns and are learnt whole; remove it, or "
                "name a column of messages, or of prompts with their responses as data.label"
            )


def _check_learnt(rows: DialogueRows, source: DialogueSource) -> None:
    """Raise DataError where an example has no token to learn: it would count for nothing."""
    learnt = np.diff(np.concatenate([[0], np.cumsum(rows.learnt, dtype=np.int64)])[rows.offsets])
    empty = [source.keys[index] for index in np.flatnonzero(learnt == 0).tolist()]
    if empty:
        raise DataError(
            f"data: {counted(len(empty), 'example')} of {len(source.keys)} {'has' if len(empty) == 1 else 'have'} no "
            f"token to learn: {', '.join(empty[:_SHOWN])}{', ...' if len(empty) > _SHOWN else ''}\n"
            "Write their answers, or leave them out (data.exclude)."
        )
