"""The command `serve`: its options, and the command of a shell that it prints."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.cli.serve import describe_try, serve
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.serving.limits import Limits
from kerastune_ft.serving.writing.requests import read_chat
from tests.support.served import SEVERAL, StandIn


def test_every_limit_is_an_option_with_its_default() -> None:
    options = {option.name: option for option in serve.params}
    for field in fields(Limits):
        assert options[field.name].default == field.default, field.name


@pytest.mark.parametrize("has_token", [False, True])
def test_the_command_that_it_prints_sends_what_the_server_takes(tmp_path: Path, has_token: bool) -> None:
    (tmp_path / "FILE").write_bytes(bytes(range(256)) * 2000)
    (tmp_path / "curl").write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done > words\ncat > body\n')
    (tmp_path / "curl").chmod(0o755)
    about: Any = SimpleNamespace(model=StandIn(), url="http://127.0.0.1:1", has_token=has_token, interface="answers")
    run = {"shell": True, "cwd": tmp_path, "check": True, "stdin": subprocess.DEVNULL}
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "KERASTUNE_TOKEN": "of-this-test"}
    subprocess.run(describe_try(about), **run, env=environment)
    (instance,) = json.loads((tmp_path / "body").read_text())["instances"]
    assert StandIn().form.parse(instance) == base64.b64decode(instance["b64"]) == bytes(range(256)) * 2000
    words = (tmp_path / "words").read_text().splitlines()
    assert words[-1] == "http://127.0.0.1:1/v1/models/cells:predict"
    assert ("Authorization: Bearer of-this-test" in words) is has_token
    about.model = StandIn("text", 2)
    subprocess.run(describe_try(about), **run, env=environment)
    words = (tmp_path / "words").read_text().splitlines()
    (instance,) = json.loads(words[words.index("-d") + 1])["instances"]
    assert about.model.form.parse(instance) == ("a text", "a text")
    about.model = StandIn(form=SEVERAL)
    subprocess.run(describe_try(about), **run, env=environment)
    (instance,) = json.loads((tmp_path / "body").read_text())["instances"]
    found: Any = about.model.form.parse(instance)
    assert (found["image"], found["text"], found["words"]) == (bytes(range(256)) * 2000, ("a text",), ("A", "l"))
    about.interface = "written"
    subprocess.run(describe_try(about), **run, env=environment)
    words = (tmp_path / "words").read_text().splitlines()
    assert words[-1] == "http://127.0.0.1:1/v1/chat/completions"
    asked = read_chat(json.loads(words[words.index("-d") + 1]), "cells", Generation(), Limits())
    assert asked.prompts == ((Turn("user", "Hello"),),)
