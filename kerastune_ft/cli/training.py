"""The commands on configurations: run, launch, validate, plan."""

from __future__ import annotations

import shlex

import click

from kerastune_ft.cli.options import explain_option, explain_origins, set_option, show_origins, training_options
from kerastune_ft.cli.terminal import common, echo, is_chosen, print_json, print_outcome, show, tolerate_lost_output
from kerastune_ft.streams import say


@click.command()
@training_options
@click.option("--profile", is_flag=True, help="Show where the time goes, and trace some steps of each phase.")
@common
def run(
    config: str,
    run_dir: str | None,
    overrides: tuple[str, ...],
    fresh: bool,
    until_phase: str | None,
    stop_after: str | None,
    profile: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Train all phases of CONFIG, evaluate, and write the run directory; run it again to continue."""
    from kerastune_ft.api import training
    from kerastune_ft.reporting.terminal.profile_table import build_profile_table

    done = training.run(
        config, run_dir, fresh=fresh, until_phase=until_phase, stop_after=stop_after, overrides=overrides,
        profile=profile,
    )  # fmt: skip
    if not done.is_chief:
        return
    state = done.manifest.get("state")
    results = {
        "run": str(done.path),
        "state": state,
        "metrics": done.metrics,
        "constant": done.constant,
        **({"before": before} if (before := done.before) else {}),
        "intervals": done.intervals,
        "examples": done.examples,
        **({"before_refit": first} if (first := done.before_refit) else {}),
        "findings": done.findings,
        **({"profile": done.profile} if profile else {}),
    }
    with tolerate_lost_output(f"the run is in {done.path}, with its figures in metrics.json"):
        if profile and not as_json:
            show(build_profile_table(done.profile))
        print_json(results) if as_json else print_outcome(done, config, overrides)


@click.command()
@training_options
@click.option("--workers", type=click.IntRange(min=1), required=True, help="The number of processes.")
@common
def launch(
    config: str,
    workers: int,
    run_dir: str | None,
    overrides: tuple[str, ...],
    fresh: bool,
    until_phase: str | None,
    stop_after: str | None,
    as_json: bool,
    debug: bool,
) -> int:
    """Run CONFIG in several local processes that train together; run it again to continue."""
    from kerastune_ft.config.read import read
    from kerastune_ft.training.devices import launch as launching

    # Checked here so that errors are printed once and not by every worker.
    launching.check(read(config, overrides), until_phase, stop_after)
    overrides = (*overrides, "runtime.strategy=multi_worker")
    named = {"--run-dir": run_dir, "--until-phase": until_phase, "--stop-after": stop_after}
    flags = {"--fresh": fresh, "--json": as_json, "--debug": debug}
    flags |= {f"--{name}": is_chosen(name) for name in ("wide", "quiet", "verbose")}
    words = ["run", config, *(word for value in overrides for word in ("--set", value))]
    words += [word for name, value in named.items() if value is not None for word in (name, value)]
    return launching.launch(workers, words + [name for name, given in flags.items() if given])


@click.command()
@click.argument("config")
@set_option
@explain_option
@common
def validate(config: str, overrides: tuple[str, ...], explain: bool, as_json: bool, debug: bool) -> None:
    """Report every problem of CONFIG without opening the model or the data."""
    from kerastune_ft.config.read import list_decisions, list_unchecked, read
    from kerastune_ft.wording import counted

    settings = read(config, overrides)
    unchecked = list_unchecked(settings)
    for sentence in settings.replacements:
        say(sentence)
    if as_json:
        print_json(
            {
                "valid": True,
                "name": settings.name,
                "phases": "auto" if settings.awaits_choice else [phase.name for phase in settings.phases],
                "not_checked": unchecked,
                **explain_origins(explain, config, overrides),
            }
        )
        return
    phases = counted(len(settings.phases), "phase") + f": {', '.join(phase.name for phase in settings.phases)}"
    click.echo(f"{config}: no problems; {'phases chosen by measurement' if settings.awaits_choice else phases}")
    for decision in list_decisions(config):
        echo(decision)
    click.echo(f"not checked here: {'; '.join(unchecked)} (see: python -m kerastune_ft plan {config})")
    if explain:
        show_origins(config, overrides)


@click.command()
@click.argument("config")
@set_option
@explain_option
@click.option(
    "--pictures", metavar="FILE", help="Write augmented training examples of each phase to a .png or .html file."
)
@click.option(
    "--measure", is_flag=True, help="Time some batches of what phases compute or read; the plan does not change."
)
@click.option("--resolve", is_flag=True, help='Choose the phases of "auto" by measurement now, as run does.')
@click.option("--write", metavar="FILE", help="Write the complete configuration, with phases that were chosen.")
@common
def plan(
    config: str,
    overrides: tuple[str, ...],
    explain: bool,
    pictures: str | None,
    measure: bool,
    resolve: bool,
    write: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Print what every phase of CONFIG will do, before a step is trained."""
    from kerastune_ft.api import training

    if write is not None:
        training.check_target(write)
    made = training.plan(config, overrides, pictures=pictures, measure=measure, resolve=resolve)
    document = made.document
    if write is not None:
        made.write(write)
        is_open = not isinstance(made.configuration["phases"], list)
        said = "which a run chooses; --resolve chooses them now" if is_open else "written out"
        say(f"{write} is the complete configuration, its phases {said}")
    if pictures is not None:
        say(f"{pictures} shows training examples with their names: share it with care")
    if as_json:
        print_json({**document, **explain_origins(explain, config, overrides)})
        return
    from kerastune_ft.reporting.terminal.tables import build_plan_table

    show(build_plan_table(dict(document)))
    if explain:
        show_origins(config, overrides)
    words = [config, *(word for override in overrides for word in ("--set", override))]
    click.echo(f"next: python -m kerastune_ft run {shlex.join(words)}")
