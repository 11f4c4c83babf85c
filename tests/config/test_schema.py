from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft import registry
from kerastune_ft.config.documents.files import SHIPPED, shipped_names
from kerastune_ft.config.presets import PRESETS
from kerastune_ft.config.read import read
from kerastune_ft.config.schema import defaults, json_schema
from tests.support.places import CONFIGS, ROOT


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of an object with named keys."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_the_committed_schema_is_that_of_the_models() -> None:
    assert json.loads((CONFIGS / "schema.json").read_text(encoding="utf-8")) == json_schema()


def test_the_package_holds_the_same_configurations() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "sync_configs", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in SHIPPED.glob("*")} == {path.name for path in CONFIGS.glob("*")}


def test_every_object_takes_comments_and_no_unknown_key() -> None:
    found = list(objects(json_schema()))
    assert len(found) > 25
    for schema in found:
        assert schema["additionalProperties"] is False
        assert "^//" in schema["patternProperties"]


def test_every_key_is_described() -> None:
    for schema in objects(json_schema()):
        for key, value in schema["properties"].items():
            assert len(value["description"]) > 3, key


def test_short_forms_are_in_the_schema() -> None:
    schema = json_schema()
    assert {name for name, preset in PRESETS.items() if not preset.required} == set(
        schema["properties"]["phases"]["anyOf"][1]["enum"]
    )
    assert schema["$defs"]["RatePolicy"]["anyOf"][0]["type"] == "number"
    assert "sgd" in schema["$defs"]["Optimizer"]["anyOf"][0]["enum"]
    assert schema["$defs"]["Augment"]["anyOf"][0]["enum"] == ["none", "light", "medium", "strong"]
    assert schema["$defs"]["HeadOnly"]["const"] == "none"
    assert "oneOf" not in json.dumps(schema)


def test_defaults_are_those_a_configuration_gets() -> None:
    shown = defaults()
    assert list(shown["data"]) == ["folder", "table", "tfds", "arrays"]
    assert list(shown["backbone"]) == ["applications", "keras_hub", "saved", "run", "several"]
    assert list(shown["task"]) == [row["kind"] for row in registry.tasks()]
    assert all(options["kind"] == kind for kind, options in shown["task"].items())
    assert "ignore" in shown["task"]["image_segmentation"]
    config = read(
        {
            "task": {"kind": "image_classification"},
            "data": {"kind": "tfds", "name": "digits"},
            "backbone": {"kind": "applications", "name": "ResNet50"},
            "phases": [{"name": "a", "unfreeze": "all", "epochs": 1, "learning_rate": 0.1}],
        }
    ).to_json()
    for key in ("version", "name", "seed", "head", "runtime", "output"):
        assert shown[key] == config[key]
    assert shown["task"]["image_classification"] == config["task"]
    given = {"data": {"name"}, "backbone": {"name"}, "phases": {"name", "unfreeze", "epochs", "learning_rate"}}
    pairs = {
        "data": (shown["data"]["tfds"], config["data"]),
        "backbone": (shown["backbone"]["applications"], config["backbone"]),
        "phases": (shown["phases"][0], config["phases"][0]),
    }
    for key, (by_default, read_back) in pairs.items():
        assert {name: one for name, one in by_default.items() if name not in given[key]} == {
            name: one for name, one in read_back.items() if name not in given[key]
        }
    json.dumps(shown)


@pytest.mark.parametrize("name", ["medical", "digits", "medical_malaria"])
def test_shipped_configurations_read_by_name_and_by_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert name in shipped_names()
    by_path = read(CONFIGS / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()  # a directory of that name is no file of that name
    assert read(name) == by_path
    assert by_path.name == name
    (tmp_path / f"{name}.json").write_text((CONFIGS / f"{name}.json").read_text(), encoding="utf-8")
    assert read(f"{name}.json") == by_path


def test_reading_imports_little_and_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from kerastune_ft.config.read import read; read('medical')\n"
        "import kerastune_ft.config.schema\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "print(len(sys.modules), sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules, heavy = done.stdout.split(" ", 1)
    assert heavy.strip() == "[]"
    # 276 when this was written. Seconds would say what else the machine is doing.
    assert int(modules) < 400
