"""The commands on data and stored features: init, cache."""

from __future__ import annotations

import click

from kerastune_ft.cli.terminal import common, echo, print_json, show
from kerastune_ft.scaffolding.measured import USUAL_TIME


@click.command()
@click.argument("data", required=False)
@click.option("--example", metavar="NAME", help="Copy a configuration that comes with the package instead.")
@click.option("--output", metavar="FILE", help="The file to write; by default <name of DATA>.json.")
@click.option(
    "--label", multiple=True, metavar="COLUMN", help="A label column of a table, if its name does not show it."
)
@click.option("--backbone", metavar="NAME|PRESET|PATH", help="The model, instead of the one that fits best.")
@click.option("--weights", metavar="PATH", help="A file of weights for a --backbone of tf.keras.applications.")
@click.option(
    "--schedule", metavar="NAME", help="A preset of phases, instead of the usual ones; `schedules` lists them."
)
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="The epochs of every phase.")
@click.option(
    "--adapt",
    is_flag=False,
    flag_value="",
    metavar="[TEXTS]",
    help="Write two configurations: the first run learns the language of TEXTS (folder of .txt, table), or of those "
    "of DATA, without labels; the second begins with its model.",
)
@click.option(
    "--measure",
    is_flag=False,
    flag_value=USUAL_TIME,
    metavar="[DURATION]",
    help="Take the best of the backbones that are here, by linear probes on DATA, for this long; 10m by itself.",
)
@common
def init(
    data: str | None,
    example: str | None,
    output: str | None,
    label: tuple[str, ...],
    backbone: str | None,
    weights: str | None,
    schedule: str | None,
    epochs: int | None,
    adapt: str | None,
    measure: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Inspect DATA (folder, archive, table, .npz) and write a commented configuration to start from."""
    from kerastune_ft.api.init import init as write

    written = write(
        data, output, example=example, label=label, backbone=backbone, weights=weights, schedule=schedule,
        epochs=epochs, adapt=(False if adapt is None else adapt or True), measure=measure or False,
    )  # fmt: skip
    print_json(written.to_json()) if as_json else echo(str(written))


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--clear", is_flag=True, help="Delete stored features: all, or those that KEY and --older-than select.")
@click.option("--older-than", metavar="DURATION", help="Only features last used longer ago than this, as in 30d.")
@click.option("--directory", help="The cache directory; by default $KERASTUNE_CACHE or the user's.")
@common
def cache(
    keys: tuple[str, ...], clear: bool, older_than: str | None, directory: str | None, as_json: bool, debug: bool
) -> None:
    """List the feature cache, or the stores whose key begins with KEY, and the rest of the cache directory."""
    from kerastune_ft.reporting.terminal.cache_table import build_cache_table
    from kerastune_ft.stores import inventory as caches

    result = (caches.clear if clear else caches.list_cache)(directory, keys, older_than)
    if as_json:
        print_json(result.to_json())
    else:
        click.echo(str(result)) if clear else show(build_cache_table(result.to_json()))
