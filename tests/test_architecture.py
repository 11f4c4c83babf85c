"""The shape of the code: which way imports point, what importing costs, how large modules are, what is public."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import kerastune_ft
from kerastune_ft.config.read import read

PACKAGE = Path(kerastune_ft.__file__).parent
ROOT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up; a module may import its own package and those of lower rank. The engine's shell starts a run
# without knowing who watches, and the reports know the watcher they are.
RANKS = {
    name: rank
    for rank, names in enumerate(
        [
            ("notebook", "wording"),
            ("durable", "errors", "mounts", "quiet_imports", "rules", "streams"),
            ("keras_file", "keras_settings", "metrics", "remote", "solvers", "tiles"),
            ("durations", "storage"),
            ("run_listener", "run_lock", "run_logs"),
            ("config",),
            ("rundir", "registry", "stores"),
            ("mirror",),
            ("graph",),
            ("layers",),
            ("backbones", "data"),
            ("input", "losses"),
            ("generation",),
            ("tasks",),
            ("own",),
            ("saved_model",),
            ("training",),
            ("probing",),
            ("folds", "inference", "preview", "reporting", "scaffolding", "tracking", "verification"),
            ("cards",),
            ("explaining", "exporting", "inspection", "trials", "tuning"),
            ("comparison", "scheduling", "serving"),
            ("api",),
            ("doctor", "fetching"),
            ("cli",),
            ("__main__",),
        ]
    )
    for name in names
}
HEAVY = ("tensorflow", "keras", "pandas", "sklearn", "matplotlib", "tensorflow_datasets")
LARGEST = 400
LONGEST_FUNCTION = 60
LARGEST_FOLDER = 18

# Lists of exceptions may only shrink.

# Words in -ed that are no participles, and participles that do not end so.
NO_PARTICIPLES = frozenset({"need", "feed", "speed", "embed", "exceed", "proceed", "seed"})
IRREGULAR = frozenset({
    "told", "found", "seen", "begun", "sought", "shown", "kept", "given", "taken", "known", "made", "chosen",
    "drawn", "held", "left", "lost", "said", "built", "sent", "met", "written", "gone", "done", "meant", "paid",
    "bound", "fitted", "got", "heard", "hidden", "laid", "led", "lent", "spent", "spelt", "stood", "sold",
    "torn", "thought", "understood", "won", "broken", "frozen", "spoken", "bought", "brought", "caught", "dealt",
})  # fmt: skip
# After a verb a participle is its object: `check_frozen`, `remove_abandoned`; claims such as `is_cached` are asked.
VERBS = frozenset({
    "is", "are", "has", "have", "was", "can", "needs", "check", "refuse", "remove", "read", "write", "find",
    "note", "count", "keep", "list", "require", "report", "return",
})  # fmt: skip
# Events of a run as watchers are told of them, those of connections as asyncio has them, and a word that everybody
# knows.
PARTICIPLES_ALLOWED = frozenset({
    "run_started", "phase_started", "step_done", "epoch_done", "phase_done", "part_done", "run_done", "counted",
    "connection_made", "data_received", "connection_lost",
})  # fmt: skip

# Loaders, sources, tasks, label schemes and descriptions of inputs say what they are by properties, not by their class.
KIND_MODULES = re.compile(
    r"kerastune_ft\.(input|tasks|saved_model|backbones\.inputs|data\.labels|config\.options\.tasks)\b"
)
KIND_NAMES = re.compile(r"(Loader|Source|Geometry|Clip|Scheme|SoundInput|TextInput|ImageInput)$")
RAW_LABELS = "kerastune_ft.data.labels.raw"
KIND_WORDS = frozenset({"image", "text", "audio", "sound", "one", "several", "values", "mask", "boxes"})
KIND_ENDS = re.compile(r"_(regression|classification|segmentation)$|^(image|text|audio)_")


def part(module: str) -> str:
    """The part of the package that a module's name or path belongs to."""
    return module.split(".")[1] if module.count(".") else "__init__"


def name_of(path: Path) -> str:
    return ".".join(("kerastune_ft", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax of a file, which many tests read and none changes."""
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and module of every import of this package, wherever it stands."""
    for node in ast.walk(tree_of(path)):
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


def test_the_contract_of_lint_imports_names_the_same_parts() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = document["tool"]["importlinter"]["contracts"][0]["layers"]
    assert {name for layer in layers for name in layer.split(" | ")} == set(RANKS)


def test_imports_point_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in MODULES
        if path != PACKAGE / "__init__.py"
        for line, module in imports(path)
        if part(module) != part(name_of(path)) and RANKS[part(module)] >= RANKS[part(name_of(path))]
    ]
    assert wrong == []


def find_heavy(script: str, folder: Path) -> str:
    """Return what a script prints that calls `note(what)` after each thing it does, in a process of its own.

    A line of `note` names what has just brought heavy modules in. One process serves, since modules stay imported.
    """
    before = (
        f"import sys; seen = set()\ndef note(what, heavy={HEAVY!r}):\n"
        "    new = (set(heavy) & set(sys.modules)) - seen; seen.update(new)\n"
        "    new and print(what, sorted(new), file=sys.stderr)\n"
    )
    words = [sys.executable, "-c", before + script]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_importing_what_users_meet_first_is_cheap(tmp_path: Path) -> None:
    first = ["", ".cli", ".api", ".registry", ".config.read", ".config.schema", ".rundir", ".inference.command",
             ".doctor.examine"]  # fmt: skip
    names = [f"kerastune_ft{name}" for name in first]
    names += [name_of(path) for path in sorted((PACKAGE / "reporting").glob("*.py"))]
    script = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name); note(name)"
    assert find_heavy(script, tmp_path) == ""


def test_these_commands_do_not_import_tensorflow(tmp_path: Path) -> None:
    commands = [
        ["schema"], ["backbones"], ["tasks"], ["datasets"], ["runs", "."], ["cache", "--directory", "."],
        ["validate", "medical", "--explain"], ["init", "--example", "medical"],
    ]  # fmt: skip
    script = (
        "from kerastune_ft.cli.commands import main\n"
        f"for words in {commands!r}:\n"
        "    try: main(words)\n"
        "    except SystemExit as ended: assert not ended.code, (words, ended.code)\n"
        f"    note(words[0], {HEAVY[:4]!r})"
    )
    assert find_heavy(script, tmp_path) == ""


def test_modules_are_small_and_have_a_purpose() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LARGEST} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 150
    assert [name for name in lengths if Path(name).stem in ("utils", "helpers", "common", "misc")] == []


def local_imports(path: Path) -> set[str]:
    """Return the modules of this package that a module imports anywhere, under TYPE_CHECKING and in functions too."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kerastune_ft"):
            each = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in NAMES else str(node.module) for name in each}
    return found


def circles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return found


@cache
def graph() -> dict[str, set[str]]:
    """Return which modules import which others."""
    return {name_of(path): local_imports(path) for path in MODULES}


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(graph()) == []


def test_the_parts_of_a_package_import_one_way() -> None:
    found = [f"{package}: {circle}" for package in PACKAGES for circle in circles(part_imports(package))]
    assert found == []


NAMES = frozenset(name_of(path) for path in MODULES)
PACKAGES = sorted({name.rsplit(".", 1)[0] for name in NAMES if "." in name})


def part_imports(package: str) -> dict[str, set[str]]:
    """Return which modules and folders of a package import which others of it."""
    depth = package.count(".") + 2
    edges: dict[str, set[str]] = {}
    for name, others in graph().items():
        if name.startswith(f"{package}."):
            own = ".".join(name.split(".")[:depth])
            to = {".".join(other.split(".")[:depth]) for other in others if other.startswith(f"{package}.")}
            edges.setdefault(own, set()).update(to - {own})
    return edges


def test_folders_are_small() -> None:
    modules = Counter(path.parent.relative_to(ROOT).as_posix() for path in MODULES if path.stem != "__init__")
    assert {folder: number for folder, number in modules.items() if number > LARGEST_FOLDER} == {}


def test_private_names_stay_in_their_module() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} imports {alias.name}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kerastune_ft")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert found == []


def is_participle(word: str) -> bool:
    return word in IRREGULAR or (word.endswith("ed") and len(word) > 3 and word not in NO_PARTICIPLES)


def test_functions_are_not_called_by_participles() -> None:
    scripts = [path for path in (ROOT / "scripts").rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in [*MODULES, *scripts]
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (words := node.name.strip("_").split("_"))
        and (is_participle(words[-1]) or node.name == "_read")
        and (len(words) == 1 or words[0] not in VERBS)
        and node.name not in PARTICIPLES_ALLOWED
    ]
    assert found == []


def test_nobody_asks_which_modality_or_which_labels() -> None:
    found = [f"{path.relative_to(ROOT)}:{question}" for path in MODULES for question in questions(path)]
    assert found == []


@pytest.mark.parametrize("room", ["metrics", "preview", "reporting", "verification"])
def test_these_rooms_ask_nothing_of_the_kind(room: str) -> None:
    paths = [path for path in MODULES if part(name_of(path)) == room]
    assert paths
    assert [f"{path.relative_to(ROOT)}:{question}" for path in paths for question in questions(path)] == []


def questions(path: Path) -> Iterator[str]:
    """Yield the places where code asks for a kind by a comparison, a suffix or an isinstance.

    A property of the object, or a table from word to implementation, answers instead.
    """
    tree = tree_of(path)
    kinds = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if KIND_MODULES.match(node.module or "") or KIND_NAMES.search(alias.name)
        # Each kind of labels, a file of its own, says in which forms its labels may come.
        if not (node.module == RAW_LABELS and name_of(path).startswith("kerastune_ft.data.labels."))
    }
    if KIND_MODULES.match(name_of(path)):
        kinds |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            asked = {each.value for side in sides for each in literals(side)} & KIND_WORDS
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            texts = [each.value for argument in node.args for each in literals(argument)]
            asked = {text for text in texts if node.func.attr in ("endswith", "startswith") and KIND_ENDS.search(text)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            asked = {ast.unparse(each).split(".")[-1] for each in classes(node.args[1])} & kinds
        elif isinstance(node, ast.MatchValue):
            asked = {each.value for each in literals(node.value)} & KIND_WORDS
        else:
            continue
        if asked:
            yield f"{node.lineno} {ast.unparse(node)}"


def classes(node: ast.AST) -> list[ast.AST]:
    """Return the classes of isinstance's second argument, each a name or an attribute."""
    if isinstance(node, ast.BinOp):
        return [*classes(node.left), *classes(node.right)]
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def literals(node: ast.AST) -> list[ast.Constant]:
    """Return the texts of an expression: a constant, or the members of a tuple, list or set."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return [part for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def test_functions_are_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


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
            "find_rate", "fine_tune", "run", "plan", "open_run", "evaluate", "predict", "units", "explain", "init",
            "runs", "verify", "check",
            "rank_backbones", "search", "compare", "crossvalidate",
            "Run", "Watcher", "KerasTuneError", "ConfigError", "DataError",
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
