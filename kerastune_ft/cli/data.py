"""The commands on data and stored features: init, cache."""

from __future__ import annotations

import click

from kerastune_ft.cli.terminal import common, print_json, show


@click.command()
@click.argument("data", required=False)
@click.option("--example", metavar="NAME", help="Copy a configuration that comes with the package instead.")
@click.option("--output", metavar="FILE", help="The file to write; by default <name of DATA>.json.")
@click.option(
    "--label", multiple=True, metavar="COLUMN", help="A label column of a table, where its name does not tell."
)
@common
def init(
    data: str | None, example: str | None, output: str | None, label: tuple[str, ...], as_json: bool, debug: bool
) -> None:
    """Look at DATA (folder, archive, table, .npz) and write a commented starting configuration for it."""
    from kerastune_ft.scaffolding import scaffold as starting

    started = starting.init(data, output, example=example, label=label)
    print_json(started.to_json()) if as_json else click.echo(str(started))


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--clear", is_flag=True, help="Delete stored features: all, or those listed for KEY and --older-than.")
@click.option("--older-than", metavar="DURATION", help="Only what was last used so long ago, as in 30d.")
@click.option("--directory", help="The cache directory; by default $KERASTUNE_CACHE or the user's.")
@common
def cache(
    keys: tuple[str, ...], clear: bool, older_than: str | None, directory: str | None, as_json: bool, debug: bool
) -> None:
    """List stored features, or those whose key begins with KEY, and what else the cache directory holds."""
    from kerastune_ft.reporting.terminal.cache_table import cache_table
    from kerastune_ft.stores import inventory as caches

    kept = (caches.clear if clear else caches.kept)(directory, keys, older_than)
    if as_json:
        print_json(kept.to_json())
    else:
        click.echo(str(kept)) if clear else show(cache_table(kept.to_json()))
