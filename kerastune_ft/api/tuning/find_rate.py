"""Finding a learning rate as a function, and what it found as an object."""

from __future__ import annotations

import base64
import contextlib
import html
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft import keras_settings
from kerastune_ft.api import training
from kerastune_ft.api.engine import Config, Overrides, load_engine, refuse_workers, require_weights, resolve_config
from kerastune_ft.config.documents.files import find
from kerastune_ft.config.read import read
from kerastune_ft.config.rewrite import change_rate, write_rate
from kerastune_ft.config.run import RunConfig
from kerastune_ft.durable import write_whole
from kerastune_ft.errors import ConfigError, explain_exhaustion, explain_write
from kerastune_ft.reporting.progress import create_watcher
from kerastune_ft.reporting.quantities import format_rate
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.storage import expand_home
from kerastune_ft.streams import say
from kerastune_ft.training.devices import tpu
from kerastune_ft.training.run_directory.run_choice import check_places
from kerastune_ft.wording import counted

if TYPE_CHECKING:
    from kerastune_ft.reporting.page.picture import Picture

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
_FEWEST_STEPS = 20
_FORMS = (".png", ".html", ".htm")


@dataclass(frozen=True)
class RateFinding:
    """A sweep over the learning rate of a phase, and the rates that it suggests; it prints as a chart."""

    phase: str
    peak: float
    """The peak rate that the configuration has."""
    planned: int
    """The steps that the sweep was to make."""
    rates: tuple[float, ...]
    """The rate of every step made."""
    losses: tuple[float, ...]
    """The training loss of every step."""
    smoothed: tuple[float, ...]
    """The running mean of the losses."""
    is_exploded: bool
    """Whether the sweep ended early, since the loss was too high or no number."""
    suggestions: Mapping[str, float] = field(default_factory=dict)
    """The suggested peaks by name: `valley` and `steepest`; empty where the loss never fell."""
    written: float | None = None
    """The peak that was written into the configuration, in the place of `peak`; None where none was."""

    @property
    def chart(self) -> str:
        """The smoothed loss by rate, in characters."""
        from kerastune_ft.tuning.chart import draw_chart

        return draw_chart(self.rates, self.smoothed, self.suggestions)

    def describe(self) -> list[str]:
        """Return sentences on the sweep, its suggestions, and the rate that the configuration has."""
        from kerastune_ft.tuning.suggestions import describe

        ending = f"; stopped after {len(self.rates)}, where the loss exploded" if self.is_exploded else ""
        ends = f"{format_rate(self.rates[0])} to {format_rate(self.rates[-1])}" if self.rates else "none"
        lines = [f"phase {self.phase}: {counted(self.planned, 'step')}, rates {ends}{ending}"]
        lines += [
            f"  {name:<9} {format_rate(self.suggestions[name]):>8}  {what}"
            for name, what in describe(self.suggestions).items()
        ]
        if self.written is None:
            lines.append(f"  {'now':<9} {format_rate(self.peak):>8}  in the configuration")
        else:
            lines.append(f"  {'before':<9} {format_rate(self.peak):>8}  in the configuration")
            lines.append(f"  {'now':<9} {format_rate(self.written):>8}  written into it")
        if not self.suggestions:
            lines.append("the loss did not fall: nothing is suggested; try other --low, --high or more --steps")
        return lines

    def plot(self) -> Picture:
        """Return the loss by rate as a picture, with the suggestions."""
        from kerastune_ft.tuning.chart import draw_figure

        title = f"phase {self.phase}: loss by learning rate"
        return draw_figure(self.rates, self.losses, self.smoothed, self.suggestions, title)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a .png file, or with its sentences to an .html page, and return the path."""
        target = check_target(path)
        content = self.plot()._repr_png_()
        if target.suffix.lower() != ".png":
            content = (
                f'<!doctype html>\n<meta charset="utf-8">\n'
                f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
                f"<title>{html.escape(self.phase)}: learning rate</title>\n"
                f'<body style="font-family: sans-serif; max-width: 60em; margin: 2em auto">\n{self._repr_html_()}\n'
            ).encode()
        try:
            write_whole(f"{target}.partial", os.fspath(target), content)
        except OSError as error:
            raise explain_write(target, error) from error
        return target

    def to_json(self) -> dict[str, Any]:
        """Return the finding as `--json` prints it."""
        return {
            "phase": self.phase,
            "peak": self.peak,
            "written": self.written,
            "suggestions": dict(self.suggestions),
            "planned_steps": self.planned,
            "exploded": self.is_exploded,
            "rates": list(self.rates),
            "losses": list(self.losses),
            "smoothed": list(self.smoothed),
        }

    def __str__(self) -> str:
        first, *rest = self.describe()
        return "\n".join([first, *([self.chart] if self.rates else []), *rest])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the sentences and the picture, as a notebook shows them."""
        said = "\n".join(self.describe())
        picture = base64.b64encode(self.plot()._repr_png_()).decode()
        source = f"data:image/png;base64,{picture}"
        return (
            f"<pre>{html.escape(said)}</pre>\n"
            f'<img alt="loss by learning rate" src="{source}" style="max-width: 100%; height: auto">'
        )


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return the path of a picture or page; raise ConfigError for another kind of file, and for a place in a run."""
    target = Path(expand_home(path))
    if target.suffix.lower() not in _FORMS:
        raise ConfigError(f"--plot: {os.fspath(path)} is neither .png nor .html; give one that ends so")
    if not target.parent.is_dir():
        raise ConfigError(f"--plot: {target.parent} is no folder; make it, or name a file elsewhere")
    refuse_inside_run(target, "the picture")
    return target


def find_rate(
    config: Config,
    phase: str | None = None,
    *,
    write: bool | str = False,
    steps: int = STEPS,
    low: float = LOWEST,
    high: float = HIGHEST,
    run_dir: str | os.PathLike[str] | None = None,
    overrides: Overrides = (),
) -> RateFinding:
    """Sweep the learning rate of a phase over `steps` updates from `low` to `high` (Smith, 2017); return what it found.

    It is the first phase with a learning rate, or the one named `phase`: phases before that are trained first, in the
    run that `kerastune_ft.run` goes on with (`run_dir`, or the newest of this configuration). Updates are the phase's
    own first ones, and everything they change is put back: a training after it gives the bits it gives without it.
    `write` puts a suggestion, the valley or the one it names, into the configuration file. Raises the errors of
    `kerastune_ft.errors`.

    >>> found = find_rate("medical", "head")                      # doctest: +SKIP
    """
    settings = resolve_config(config, overrides)
    _check_call(config, write, steps, low, high)
    keras_settings.refuse_foreign()
    check_places(settings)
    require_weights(settings)
    tpu.prepare(settings.runtime.strategy)
    load_engine(settings)
    from kerastune_ft.tuning.phases import choose_phase

    number = choose_phase(settings, phase)
    if write and isinstance(config, str | os.PathLike):
        # Said before the sweep, whose result would be lost.
        refuse_inside_run(find(os.fspath(config)), "--write")
        change_rate(os.fspath(config), settings.phases[number].name, low)
    run: RunDirectory | None = None
    if number:
        before = settings.phases[number - 1].name
        say(
            f"phase {settings.phases[number].name} begins with the end of phase {before}, which is trained first "
            "unless its run has it"
        )
        done = training.run(config, run_dir, until_phase=before, overrides=overrides)
        run = RunDirectory(done.path)
        settings = settings.with_rules(run.rules)
    found = _sweep(settings, number, run, steps, low, high)
    return _write(config, found, "valley" if write is True else write) if write else found


def _check_call(config: Config, write: bool | str, steps: int, low: float, high: float) -> None:
    if steps < _FEWEST_STEPS:
        raise ConfigError(f"--steps: {steps} are too few to see a curve; give at least {_FEWEST_STEPS}")
    if not 0 < low < high:
        raise ConfigError(
            f"--low, --high: {low:g} and {high:g} are no range; give a lowest rate above 0, then a higher"
        )
    if write and not isinstance(config, str | os.PathLike):
        raise ConfigError("write: this configuration is in no file; take the rate from the result")
    if isinstance(write, str) and write not in ("valley", "steepest"):
        raise ConfigError(f'--write: {write!r} is no suggestion; give "valley" or "steepest"')


def _sweep(
    settings: RunConfig, number: int, run: RunDirectory | None, steps: int, low: float, high: float
) -> RateFinding:
    from kerastune_ft.training.interrupts import StopRequest, listening
    from kerastune_ft.tuning.phases import open_phase
    from kerastune_ft.tuning.suggestions import suggest
    from kerastune_ft.tuning.sweep import spread_rates, sweep

    refuse_workers(settings, "a sweep")
    with contextlib.ExitStack() as held:
        place = run or RunDirectory(Path(held.enter_context(tempfile.TemporaryDirectory())))
        watch = held.enter_context(contextlib.closing(create_watcher(lambda line: None)))
        stop = held.enter_context(listening(StopRequest(ending="and the same command begins anew, on stored features")))
        with explain_exhaustion():
            context, phase = held.enter_context(open_phase(settings, number, place, watch, stop))
            found = sweep(context, phase, spread_rates(low, high, steps))
    if not len(found.rates):
        raise ConfigError(f"phase {phase.phase.name}: the loss is no finite number before the first update")
    return RateFinding(
        phase=phase.phase.name,
        peak=phase.phase.rate_policy.peak,
        planned=steps,
        rates=tuple(found.rates.tolist()),
        losses=tuple(found.losses.tolist()),
        smoothed=tuple(found.running_mean.tolist()),
        is_exploded=found.is_exploded,
        suggestions=suggest(found.rates, found.running_mean, steps),
    )


def _write(config: Config, found: RateFinding, name: str) -> RateFinding:
    """Write a suggestion into the configuration, and return the finding with what was written."""
    from kerastune_ft.tuning.suggestions import round_rate

    if name not in found.suggestions:
        raise ConfigError(f"nothing is written: the loss of phase {found.phase} did not fall, so there is no {name}")
    assert isinstance(config, str | os.PathLike)
    rate = round_rate(found.suggestions[name])
    path, before = write_rate(os.fspath(config), found.phase, rate)
    read(path)
    shown = before if len(before) < 40 else "its preset"
    say(f"{path}: the learning rate of phase {found.phase} is {rate:g} now ({name}), in the place of {shown}")
    return replace(found, written=rate)
