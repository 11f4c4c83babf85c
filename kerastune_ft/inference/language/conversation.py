"""A conversation with the model of a run: turns that are kept as long as there is room, answers as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.dialogue_writer import DialogueWriter


class Conversation:
    """The turns of a conversation, and how it goes on."""

    def __init__(self, writer: DialogueWriter, options: Generation, seed: int, system: str | None = None) -> None:
        """`system` are instructions to the model, which stay at the beginning."""
        self._writer, self._options, self._seed = writer, options, seed
        self._system = (Turn("system", system),) if system else ()
        self._turns: list[Turn] = []
        self.dropped = 0
        """How many old turns no longer had room when the last question was asked."""
        self.lost = 0
        """How many tokens at the beginning of what was said had no room either."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Return all turns that are kept."""
        return (*self._system, *self._turns)

    def reset(self) -> None:
        """Forget all turns but the instructions."""
        self._turns = []

    def ask(self, text: str) -> Iterator[str]:
        """Yield the parts of the answer to a text as they are written.

        Question and answer are kept when it ends, also where the reader stops reading before.
        """
        asked = [*self.turns, Turn("user", text)]
        kept = self._writer.prompts.drop_old(asked, self._writer.find_room(self._options))
        self.dropped = len(asked) - len(kept)
        self.lost = self._writer.encode(kept, self._options).lost
        parts: list[str] = []
        try:
            for part in self._writer.stream(kept, self._options, self._seed):
                # White space before an answer belongs to the template.
                own = part if parts else part.lstrip()
                if own:
                    parts.append(own)
                    yield own
        finally:
            answer = "".join(parts).strip()
            self._turns = [*kept[len(self._system) :], *([Turn("assistant", answer)] if answer else [])]
            if not answer:
                # A question without an answer would have the next one stand right behind it.
                self._turns = self._turns[:-1]
