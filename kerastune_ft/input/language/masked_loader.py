"""The data loader of texts of which tokens are hidden: rows as those of other texts, and the tokens to find."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.backbones.language.masked_input import MaskedInput, read_masking
from kerastune_ft.backbones.text_input import TOKEN_IDS
from kerastune_ft.data.texts.text_source import TextSource
from kerastune_ft.errors import DataError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.language.masking import Masking, find_keys
from kerastune_ft.input.loader import Lookup
from kerastune_ft.input.texts.notes import describe_cut, describe_unknown
from kerastune_ft.input.texts.row_settings import Rows, RowSettings
from kerastune_ft.input.texts.token_loader import TokenLoader, build_token_loader
from kerastune_ft.wording import counted

_SHOWN = 3
# Rows that are looked at together for tokens that can be hidden.
_TOGETHER = 1024


@dataclass(frozen=True)
class MaskedSettings:
    """The settings by which texts become rows of tokens of which some are hidden."""

    rows: RowSettings
    masking: Masking

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any], tokenizer: Any) -> MaskedSettings:
        """Return the settings of a run from its plan.json."""
        rows = RowSettings.from_plan(plan["text"], tokenizer)
        return cls(rows, make_masking(MaskedInput.of(rows.text), plan["masked"]["mask_selection_rate"]))


def make_masking(given: MaskedInput, rate: float) -> Masking:
    """Return how tokens of a backbone's rows are hidden; raise ConfigError where it has no mask token."""
    return Masking(rate, given.mask, given.list_special(), given.list_words())


@dataclass(frozen=True)
class MaskedLoader(TokenLoader):
    """Looks up rows of tokens of which some are hidden: in training as a phase draws them, else always the same."""

    masking: Masking

    @property
    def settings(self) -> MaskedSettings:
        """Return the settings by which texts become such rows."""
        return MaskedSettings(RowSettings(self.rows.text, 1, self.limit, self.sizes), self.masking)

    def _hide(
        self, indices: np.ndarray, augmentation: Augmentation | None, version: int
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        inputs = super().__call__(indices)
        keys = find_keys(indices, self.source.identities, augmentation, version)
        rows, targets = self.masking.hide(inputs[TOKEN_IDS], keys)
        return {**inputs, TOKEN_IDS: rows}, targets

    def __call__(self, indices: np.ndarray, view: int = 0) -> dict[str, np.ndarray]:
        """Return the model's inputs by name for examples that share a length, as they are measured."""
        return self._hide(indices, None, 0)[0]

    def look_up(self, augmentation: Augmentation) -> Lookup:
        """Return a lookup of the inputs by index and epoch, their tokens hidden as an augmentation draws them."""
        return lambda indices, view=0: self._hide(indices, augmentation, view)[0]

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the tokens to find, `labels`, and where they are, `weights`, of examples that share a length."""
        return self._hide(indices, augmentation, version)[1]

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its row of tokens depends on."""
        return {**super().key_parts(bucket), **self.masking.to_json(), "special_tokens": self.masking.special.tolist()}

    def plan_entry(self) -> dict[str, Any]:
        """Return the entries `text` and `masked` of plan.json."""
        given: Any = self.rows.text
        about = {**self.masking.to_json(), **read_masking(given), "found": self._count_found()}
        return {**super().plan_entry(), "masked": about}

    def notes(self, show_names: bool = False) -> list[str]:
        """Return sentences on texts that are cut, or that hold words unknown to the tokenizer."""
        return [*describe_cut(self.rows, self.limit, has_windows=False), *describe_unknown(self.rows)]

    @functools.cached_property
    def _hidable(self) -> np.ndarray:
        """The tokens of each example that may be hidden, int64 [examples]."""
        found = np.zeros(len(self.source.keys), np.int64)
        for bucket in np.unique(self.buckets):
            own = np.flatnonzero(self.buckets == bucket)
            for start in range(0, len(own), _TOGETHER):
                some = own[start : start + _TOGETHER]
                found[some] = self.masking.list_hidable(super().__call__(some)[TOKEN_IDS]).sum(1)
        return found

    def _count_found(self) -> int:
        """Return the tokens of the training split that are to be found in an epoch."""
        own = self._hidable[self.source.splits["train"]] if "train" in self.source.splits else self._hidable
        return int(np.maximum(1, np.rint(self.masking.rate * own)).sum())

    def check(self) -> None:
        """Raise DataError where an example has no token to hide: it would count for nothing."""
        empty = [self.source.keys[index] for index in np.flatnonzero(self._hidable == 0).tolist()]
        if empty:
            raise DataError(
                f"data: {counted(len(empty), 'text')} of {len(self.source.keys)} "
                f"{'has' if len(empty) == 1 else 'have'} no token that the tokenizer knows: "
                f"{', '.join(empty[:_SHOWN])}{', ...' if len(empty) > _SHOWN else ''}\n"
                "Leave them out (data.exclude), or write a backbone that reads their script."
            )


def build_masked_loader(
    source: TextSource,
    task: Any,
    given: MaskedInput,
    asked: int | None,
    cache_directory: Path,
    report: Callable[[str], None],
    sizes: Sequence[int] | None = None,
) -> MaskedLoader:
    """Tokenise a source and return its loader, see `build_token_loader`.

    Raises DataError for texts without a token to hide, and ConfigError where the tokenizer has no mask token.
    """
    masking = make_masking(given, task.options.mask_selection_rate)
    made = build_token_loader(source, task, given, asked, cache_directory, report, sizes)
    loader = MaskedLoader(**{field.name: getattr(made, field.name) for field in fields(made)}, masking=masking)
    loader.check()
    return loader


def hide_row(
    settings: MaskedSettings, rows: Rows, place: int, size: int, identity: np.int64
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return inputs and targets of one of some rows, padded to `size`, hidden as where it is measured."""
    inputs = rows.pad(np.array([place]), size)
    hidden, targets = settings.masking.hide(inputs[TOKEN_IDS], find_keys(np.zeros(1, np.int64), np.array([identity])))
    return {**inputs, TOKEN_IDS: hidden}, targets
