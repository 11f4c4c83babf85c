"""The command that serves a run or an export over HTTP."""

from __future__ import annotations

import json
from typing import Any

import click

from kerastune_ft.cli.terminal import common, echo, print_json
from kerastune_ft.serving.limits import Limits
from kerastune_ft.streams import say

_LIMITS = Limits()
_TOKEN = ' -H "Authorization: Bearer $KERASTUNE_TOKEN"'


def _count(name: str, text: str) -> Any:
    """Return the option of a limit that is a number, by the name it has among `Limits`."""
    default = getattr(_LIMITS, name)
    return click.option(f"--{name.replace('_', '-')}", type=click.IntRange(min=1), default=default, help=text)


@click.command()
@click.argument("path", metavar="RUN|EXPORT")
@click.option("--host", default="127.0.0.1", help="The address to listen at; by default this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, help="The port; by default 8501, 0 for any free.")
@click.option("--name", metavar="MODEL", help="The model's name in requests; by default that of its configuration.")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name by which clients may ask, as example.org; * for any.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of TensorFlow; by default half of the cores.")
@_count("batch_size", "The most inputs or answers computed at once; by default 8.")
@_count("max_bytes", "The most bytes of a request; by default 16 MiB.")
@_count("max_pixels", "The most pixels of an image; by default 25 million.")
@_count("max_samples", "The most samples of a sound; by default 10 million.")
@_count("max_characters", "The most characters of a text; by default 200,000.")
@_count("max_instances", "The most inputs of a request; by default 64.")
@_count("max_waiting", "The most inputs that wait for the model; by default 512.")
@_count("max_generations", "The most batches of answers written in turns; by default 2.")
@_count("max_new_tokens", "The most tokens of an answer that is written; by default 1,024.")
@_count("max_connections", "The most open connections; by default 256.")
@click.option(
    "--body-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=_LIMITS.body_timeout,
    metavar="SECONDS",
    help="The time in which a request must have arrived; by default 30 seconds.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=20.0,
    metavar="SECONDS",
    help="The time to answer what is under way when the server ends; by default 20 seconds.",
)
@common  # fmt: skip
def serve(
    path: str,
    host: str,
    port: int,
    name: str | None,
    allowed_hosts: tuple[str, ...],
    threads: int | None,
    grace: float,
    as_json: bool,
    debug: bool,
    **limits: Any,
) -> int:
    """Serve the model of RUN, or what export wrote, over HTTP, with a page to try it on.

    It speaks TensorFlow Serving's REST and the Open Inference Protocol v2; a model that writes answers as OpenAI's chat
    completions do, one that writes down speech as its transcriptions do too. The environment variable KERASTUNE_TOKEN
    is the token that requests need. Ctrl-C ends it after the requests under way.
    """
    from kerastune_ft.api.use import serving

    def begin(about: serving.Serving) -> None:
        if as_json:
            print_json({"url": about.url, "name": about.model.name, "platform": about.model.platform})
        else:
            echo(f"serving {about.model.name} ({about.model.platform}) at {about.url} (Ctrl-C ends it)")
            click.echo(f"try: {describe_try(about)}")

    try:
        serving.serve(path, serving.Place(host, port, allowed_hosts, grace), Limits(**limits), name, threads, begin)
    except KeyboardInterrupt:
        say("stopped before it took requests")
    return 0


_FILE = '"FILE"'


def describe_try(about: Any) -> str:
    """Return a command of a shell that asks the server, for a file or text of the user's own."""
    describe = {"written": _describe_chat, "transcripts": _describe_transcription}.get(about.interface)
    if describe is not None:
        return describe(about)
    form, url = about.model.form, f"{about.url}/v1/models/{about.model.name}:predict"
    token = _TOKEN if about.has_token else ""
    # In single quotes, which end where the shell is to read a file.
    whole = f'{{"instances": [{form.instance}]}}'.replace("'", "'\\''")
    if _FILE not in whole:
        return f"curl{token} -d '{whole}' {url}"
    instance = "'" + whole.replace(_FILE, '"\'$(base64 < FILE | tr -d "\\n")\'"') + "'"
    return f"echo {instance} | curl{token} -d @- {url}"


def _describe_chat(about: Any) -> str:
    """Return a command of a shell that asks a model that writes."""
    body = json.dumps({"model": about.model.name, "messages": [{"role": "user", "content": "Hello"}]})
    token = _TOKEN if about.has_token else ""
    return f"curl{token} -H 'Content-Type: application/json' -d '{body}' {about.url}/v1/chat/completions"


def _describe_transcription(about: Any) -> str:
    """Return a command of a shell that asks a model that writes down speech."""
    token = _TOKEN if about.has_token else ""
    return f"curl{token} -F file=@FILE.wav {about.url}/v1/audio/transcriptions"
