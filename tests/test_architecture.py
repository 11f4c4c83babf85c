"""The shape of the code: which way imports point, what importing costs, how large modules are, what is public."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kerastune_ft
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

PACKAGE = Path(kerastune_ft.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up; a module may import its own package and those of lower rank. The engine's shell starts a run
# without knowing who watches, and the reports know the watcher they are.
RANKS = {
    name: rank
    for rank, names in enumerate(
        [
            ("errors", "metrics", "quiet_imports", "wording"),
            ("remote",),
            ("durations", "storage"),
            ("config",),
            ("rundir", "registry", "stores"),
            ("graph", "layers"),
            ("backbones", "data"),
            ("input",),
            ("tasks",),
            ("saved_model",),
            ("training",),
            ("inference", "preview", "reporting", "scaffolding", "verification"),
            ("api",),
            ("cli",),
            ("__main__",),
        ]
    )
    for name in names
}
HEAVY = ("tensorflow", "keras", "pandas", "sklearn", "matplotlib", "tensorflow_datasets")
LARGEST = 400


def part(module: str) -> str:
    """The part of the package that a module's name or path belongs to."""
    return module.split(".")[1] if module.count(".") else "__init__"


def name_of(path: Path) -> str:
    return ".".join(("kerastune_ft", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and module of every import of this package, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("kerastune_ft"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kerastune_ft"):
            assert not node.level, f"{path}:{node.lineno}: relative import"
            yield from (
                (node.lineno, f"{node.module}.{alias.name}" if node.module == "kerastune_ft" else str(node.module))
                for alias in node.names
            )


def test_every_part_has_a_rank() -> None:
    assert {part(name_of(path)) for path in MODULES} - {"__init__"} <= set(RANKS)


def test_imports_point_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in MODULES
        if path != PACKAGE / "__init__.py"
        for line, module in imports(path)
        if part(module) != part(name_of(path)) and RANKS[part(module)] >= RANKS[part(name_of(path))]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "module", ["", ".cli", ".api", ".registry", ".config.read", ".config.schema", ".rundir", ".reporting"]
)
def test_importing_what_users_meet_first_is_cheap(module: str) -> None:
    script = f"import sys, kerastune_ft{module}; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_module_of_reporting_imports_without_the_heavy_ones() -> None:
    names = [name_of(path) for path in sorted((PACKAGE / "reporting").glob("*.py"))]
    script = (
        f"import sys, importlib; [importlib.import_module(name) for name in {names!r}]; "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["validate", "schema", "backbones", "tasks", "datasets", "init", "runs", "cache"])
def test_these_commands_do_not_import_tensorflow(command: str, tmp_path: Path) -> None:
    more = {
        "validate": ["medical", "--explain"],
        "init": ["--example", "medical"],
        "runs": ["."],
        "cache": ["--directory", "."],
    }
    words = [command, *more.get(command, [])]
    script = (
        "import sys; from kerastune_ft.cli.commands import main\n"
        f"try: main({words!r})\n"
        f"finally: print(sorted(set({HEAVY[:4]!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")


def test_modules_are_small_and_have_a_purpose() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LARGEST} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 150
    assert [name for name in lengths if Path(name).stem in ("utils", "helpers", "common", "misc")] == []


def test_private_names_of_keras_are_in_one_module() -> None:
    pattern = re.compile(r"\b(?:layer|inner|model|optimizer|variable|backbone\.model)\._[a-z]\w*")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in MODULES
        if path.name != "keras_private.py"
        for match in pattern.finditer(path.read_text())
    ]
    assert found == []


def test_the_public_names_are_these() -> None:
    assert kerastune_ft.__all__ == sorted(
        [
            "run", "plan", "open_run", "evaluate", "predict", "units", "explain", "init", "runs", "verify",
            "Run", "KerasTuneError", "ConfigError", "DataError",
            "DivergedError", "PromiseError", "ResourceError", "Interrupted",
        ]
    )  # fmt: skip
    for name in kerastune_ft.__all__:
        assert getattr(kerastune_ft, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'trainer'"):
        kerastune_ft.trainer  # noqa: B018


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*.json")), ids=lambda path: path.stem)
def test_shipped_configurations_are_read_and_in_the_wheel(path: Path) -> None:
    shipped = PACKAGE / "config" / "shipped" / path.name
    assert shipped.read_text() == path.read_text(), "run scripts/sync_configs"
    if path.stem != "schema":
        assert read(path).phases == read(path.stem).phases


README = ROOT / "README.md"
BLOCKS = re.findall(r"^```json\n(.*?)^```", README.read_text(), re.S | re.M) if README.exists() else []


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_configurations_in_the_readme_are_read(number: int) -> None:
    document = json.loads(BLOCKS[number])
    try:
        read(document)
    except ConfigError as error:
        pytest.fail(f"{BLOCKS[number]}\n{error}")
