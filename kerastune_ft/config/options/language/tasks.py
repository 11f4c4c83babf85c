"""Options of tasks whose models write texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kerastune_ft.config.options.base import AnyTexts, Count, Options, Texts
from kerastune_ft.config.options.language.templates import Template

OF_TURNS: Mapping[str, Any] = {"template": "auto", "learn": "responses"}
"""By a key of `causal_lm` that is about the turns of dialogues, its default; texts without turns exclude others."""


class Generation(Options):
    """How answers are generated."""

    max_new_tokens: Count = Field(128, description="the most tokens of an answer")
    temperature: float = Field(
        0.0, ge=0, description="0 takes the most probable token; above it tokens are drawn, the more evenly the higher"
    )
    top_k: Count | None = Field(None, description="draw among so many most probable tokens; null means all")
    top_p: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="draw among the most probable tokens that have this probability together; null means all"
    )
    stop: Texts | None = Field(None, description="texts that end an answer, of which they are no part; null means none")
    examples: Count | None = Field(
        100,
        description="for how many examples of a split answers are generated where metrics need them; null means all",
    )


class CausalLm(Options):
    """Texts and dialogues that a model learns to go on with."""

    kind: Literal["causal_lm"] = Field(description="the task")
    template: Template = Field(
        "auto",
        description="the texts around the turns of a dialogue; auto means those that the tokenizer has tokens of",
    )
    learn: Literal["responses", "all"] = Field(
        "responses", description="whether answers alone are learnt or all of a dialogue; plain texts are learnt whole"
    )
    generate: Generation = Field(Generation(), description="how answers are generated")
    metrics: AnyTexts | None = Field(
        None,
        description="metrics that answers are generated for when the run ends: rouge_1, rouge_2, rouge_l, exact_match",
    )


class MaskedLm(Options):
    """Plain texts of which words are hidden, which a model learns to find: BERT's pretraining, gone on with.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019).
    """

    kind: Literal["masked_lm"] = Field(description="the task")
    mask_selection_rate: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15,
        description="the share of the tokens of a text that are to be found: of ten of them eight are hidden behind "
        "the mask token, one is another token, and one stays as it is",
    )


class Summarization(Options):
    """Texts that another text is written for, as a summary or a translation is."""

    kind: Literal["summarization"] = Field(description="the task")
    template: Template = Field(
        "auto",
        description="of a backbone that goes on with texts: the texts around the text and what is written for it; auto "
        'means those that the tokenizer has tokens of, else plain: the text, and "TL;DR:" on a line of its own',
    )
    generate: Generation = Field(Generation(), description="how texts are written")
    metrics: AnyTexts | None = Field(
        None,
        description="metrics that texts are written for when the run ends, of rouge_1, rouge_2, rouge_l, exact_match; "
        "null means the first three, [] none",
    )
    learn: ClassVar[Literal["responses"]] = "responses"
    """What is learnt: the text that is written alone."""


class SpeechRecognition(Options):
    """Sounds of people who speak, which a model learns to write down."""

    kind: Literal["speech_recognition"] = Field(description="the task")
    language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] | None = Field(
        None,
        description='the code of the language that is spoken, as "de", of a model that knows several; null for a model '
        "of one language",
    )
    translate: bool = Field(
        False, description="whether transcripts are in English whatever is spoken, of a model that knows languages"
    )
    generate: Generation = Field(Generation(), description="how transcripts are generated")
    metrics: AnyTexts | None = Field(
        None,
        description="metrics that transcripts are generated for when the run ends; null means word_error_rate and "
        "character_error_rate, [] none",
    )
