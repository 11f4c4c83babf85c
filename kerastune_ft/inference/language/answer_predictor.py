"""Answers to prompts, a row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.language.open_writer import choose_generation, find_role, open_any_writer
from kerastune_ft.inference.language.question_inputs import list_questions
from kerastune_ft.inference.language.questions import Question, read_question
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import ERROR, Row
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted

ANSWER = "answer"


class AnswerPredictor(Predictor):
    """Answers prompts, which are texts, or dialogues as lists of messages."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load model and tokenizer; raise ConfigError where the run has none, or for what answers cannot have."""
        refuse_forms(form)
        given = dict(form.generate)
        self._seed = int(given.pop("seed", config.seed))
        self.options = choose_generation(config, given)
        self._writer, self._role = open_any_writer(run, plan), find_role(plan)
        self.choice_notes = []
        self.columns, self.input_columns = ("input", ANSWER, ERROR), ("input",)
        self._done = self._cut = self._short = 0

    @classmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of prompts for each input."""
        return list_questions(inputs, options)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, in order, for `size` items at a time; prompts of like lengths are answered together."""
        self._done = self._cut = self._short = 0
        waiting: list[Question] = []
        for item in items:
            waiting.append(self.read(item))
            if len(waiting) == size:
                yield self.answer(waiting, size)
                waiting = []
        if waiting:
            yield self.answer(waiting, len(waiting))

    def read(self, item: Item) -> Question:
        """Return the question that an item asks."""
        return read_question(item, self._role)

    def answer(self, read: Sequence[Question], shape: int) -> list[Row]:
        """Return a row for each question."""
        asked = [question for question in read if question.item.problem is None]
        prompts = [self._writer.encode(question.turns, self.options) for question in asked]
        answers = self._writer.write([prompt.tokens for prompt in prompts], self.options, self._seed)
        self._done += len(asked)
        self._cut += sum(prompt.lost > 0 for prompt in prompts)
        self._short += sum(answer.ended == "length" for answer in answers)
        texts = iter([answer.text.strip() if self._role == "user" else answer.text for answer in answers])
        rows = []
        for question in read:
            problem = question.item.problem
            rows.append({"input": question.item.name, ANSWER: None if problem else next(texts), ERROR: problem})
        return rows

    def notes(self) -> list[str]:
        """Return how many prompts were cut, and how many answers ended because they were long enough."""
        found = []
        if self._cut:
            verb = "was" if self._cut == 1 else "were"
            room = self._writer.find_room(self.options)
            found.append(f"{self._cut} of {counted(self._done, 'prompt')} {verb} cut to {room} tokens")
        if self._short:
            verb = "ends" if self._short == 1 else "end"
            found.append(
                f"{self._short} of {counted(self._done, 'answer')} {verb} after {self.options.max_new_tokens} tokens, "
                "before the model ended; give --max-new-tokens for more"
            )
        return found


def refuse_forms(form: OutputForm) -> None:
    """Raise ConfigError for what rows of answers cannot have."""
    refused = {"--submission": form.submission, "--calibrated": form.calibrated, "--coverage": form.coverage}
    for name, value in refused.items():
        if value:
            raise ConfigError(f"{name} has no effect on a run whose predictions are texts; leave it out")
