"""The layout of the tests: each module has a test file of its own name, and helpers are where they are looked for."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.support.places import ROOT

PACKAGE = ROOT / "kerastune_ft"
TESTS = ROOT / "tests"
# Folders of tests that are not about one module.
OF_MANY = ("conformance", "docs", "runs", "scripts", "situations", "support")

# Modules that have no test file of their own yet, by the file whose tests go through most of their code. Whoever writes
# one takes the module out of here; a new module never comes in.
TESTED_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "input/test_loader.py": (
        "input/augmentation", "input/build", "input/fixed_shape_loader", "input/image_loader",
    ),
    "exporting/scripts/test_onnx_sound.py": (
        "exporting/scripts/keras_sound", "exporting/scripts/litert_sound", "exporting/scripts/saved_model_sound",
    ),
    "exporting/scripts/test_onnx_text.py": (
        "exporting/scripts/keras_text", "exporting/scripts/litert_text", "exporting/scripts/saved_model_strings",
        "exporting/scripts/saved_model_text",
    ),
    "exporting/tokenizers/test_build.py": (
        "exporting/tokenizers/base", "exporting/tokenizers/byte_pair", "exporting/tokenizers/bytes_as_tokens",
        "exporting/tokenizers/hard_texts", "exporting/tokenizers/sentence_piece",
    ),
    "tasks/test_classification.py": (
        "tasks/base", "tasks/build", "tasks/pooled_task",
    ),
    "runs/test_run_object.py": (
        "reporting/run_files",
    ),
    "cli/test_commands.py": (
        "cli/data", "cli/options", "cli/results", "cli/terminal", "cli/training",
        "reporting/data_table",
    ),
    "conformance/test_hub_families.py": (
        "backbones/hub/audio", "backbones/hub/blocks", "backbones/hub/text", "backbones/hub/units",
        "backbones/hub/vision", "backbones/keras_hub", "backbones/text_input", "config/facts/hub_families",
        "graph/rebuild/hub_layers", "layers/addressed_seeds",
    ),
    "backbones/keras_applications/test_preprocessing.py": (
        "backbones/build", "backbones/keras_applications/families", "backbones/inputs",
    ),
    "backbones/test_saved.py": (
        "backbones/by_name", "backbones/feature_layer", "backbones/input_range", "graph/rebuild/flat",
    ),
    "runs/test_earlier_run.py": (
        "training/session/warm_start",
    ),
    "config/checks/test_consistency.py": (
        "config/checks/classes", "config/checks/images", "config/checks/kinds", "config/checks/messages",
        "config/checks/parts", "config/checks/values",
    ),
    "config/test_run.py": (
        "config/options/updates/rates", "config/options/tasks",
    ),
    "conformance/test_embedded_sets.py": (
        "data/embedded/blood_smear", "data/embedded/cells", "data/embedded/digits",
    ),
    "conformance/test_embedded_texts.py": (
        "data/embedded/reviews", "data/embedded/sentence_pairs",
    ),
    "data/sounds/test_sample_source.py": (
        "data/embedded/chirps", "data/sounds/modality",
    ),
    "conformance/test_hostile_files.py": (
        "data/files/check", "data/files/file_source", "data/images/modality",
    ),
    "conformance/test_remote_data.py": (
        "data/files/download",
    ),
    "data/kinds/test_arrays.py": (
        "data/images/image_arrays",
    ),
    "data/kinds/test_folder.py": (
        "data/annotations/base", "data/build", "data/file_modality", "data/inputs", "data/modalities",
        "data/modality", "data/records",
    ),
    "data/kinds/test_tfds.py": (
        "data/kinds/embedded", "data/kinds/tfds_builder",
    ),
    "data/labels/test_number.py": (
        "data/labels/base", "data/labels/raw", "data/labels/scheme",
        "data/labels/several_classes", "data/labels/values",
    ),
    "data/splits/test_choose.py": (
        "data/splits/examples", "data/splits/stratify",
    ),
    "data/splits/test_given.py": (
        "data/splits/table",
    ),
    "data/texts/test_read.py": (
        "data/texts/check", "data/texts/modality", "data/texts/text_source",
    ),
    "graph/test_boundary.py": (
        "graph/trainable",
    ),
    "runs/test_predict_command.py": (
        "inference/arrays", "inference/command", "inference/decode_ahead", "inference/fixed_shape_predictor",
        "inference/images", "inference/predict", "inference/predictor",
        "inference/read_options", "inference/run_model", "inference/text_predictor",
    ),
    "reporting/page/test_document.py": (
        "reporting/drawing", "reporting/page/templates", "reporting/results/base",
    ),
    "runs/test_sessions.py": (
        "training/engine",
    ),
    "runs/test_saved_model.py": (
        "saved_model/base", "saved_model/build", "saved_model/formats/keras_file", 
        "training/evaluation/examples",
        "training/evaluation/mistakes",
        "training/evaluation/saved_model",
    ),
    "runs/test_sound_runs.py": (
        "input/sounds/sound_loader", "saved_model/sounds",
    ),
    "runs/test_text_runs.py": (
        "saved_model/texts",
    ),
    "scaffolding/sources/test_folders.py": (
        "scaffolding/detect", "scaffolding/findings", "scaffolding/samples/files",
        "scaffolding/samples/image_statistics", "scaffolding/sources/file_kinds",
        "scaffolding/suggest/images",
    ),
    "scaffolding/suggest/test_sounds.py": (
        "scaffolding/samples/sound_files",
    ),
    "scaffolding/suggest/test_texts.py": (
        "scaffolding/samples/text_files", "scaffolding/sources/text_columns",
    ),
    "scaffolding/sources/test_tables.py": (
        "scaffolding/sources/columns", "scaffolding/sources/file_columns", "scaffolding/sources/label_columns",
    ),
    "scaffolding/sources/test_arrays.py": (
        "scaffolding/sources/npz",
    ),
    "runs/test_workers.py": ("training/devices/workers",),
    "training/features/test_store_key.py": (
        "training/features/existing_stores", "training/features/feed",
        "training/features/prefix", "training/features/store_rows", "training/features/timing",
    ),
    "training/plan/test_feature_usage.py": (
        "training/plan/build", "training/plan/phase_plan",
        "training/session/assemble", "training/session/session",
    ),
    "runs/test_lora_runs.py": (
        "training/session/adapters",
    ),
    "runs/test_run_commands.py": (
        "training/history", "training/loop", "training/phase/context", "training/phase/evaluate",
        "training/phase/phase", "training/updates/step",
    ),
    "runs/test_verified_runs.py": (
        "verification/metrics", "verification/results/base", "verification/run_record",
        "verification/verify", "verification/weights",
    ),
}  # fmt: skip


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax of a file, which several tests read and none changes."""
    return ast.parse(path.read_text())


def test_every_module_has_a_test_of_its_name() -> None:
    elsewhere = {module for modules in TESTED_ELSEWHERE.values() for module in modules}
    lacking, needless = [], []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).with_suffix("")
        if module.name in ("__init__", "__main__"):
            continue
        has_own = (TESTS / module.parent / f"test_{module.name}.py").exists()
        if has_own and module.as_posix() in elsewhere:
            needless.append(module.as_posix())
        elif not has_own and module.as_posix() not in elsewhere:
            lacking.append(f"tests/{module.parent.as_posix()}/test_{module.name}.py")
    assert lacking == [], "a test file is named after its module"
    assert needless == [], "they have a test of their own now: take them out of the list"


def test_what_is_tested_elsewhere_is_there() -> None:
    assert [name for name in TESTED_ELSEWHERE if not (TESTS / name).exists()] == []
    modules = [module for modules in TESTED_ELSEWHERE.values() for module in modules]
    assert [module for module in modules if not (PACKAGE / f"{module}.py").exists()] == []
    assert len(set(modules)) == len(modules)


def test_every_test_file_is_named_after_a_module() -> None:
    strange = []
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS)
        if place.parts[0] in OF_MANY or place.as_posix() in ("test_architecture.py", "test_layout.py"):
            continue
        modules = [module.stem for module in (PACKAGE / place.parent).glob("*.py")]
        name = path.stem.removeprefix("test_")
        if not any(name == module or name.startswith(f"{module}_") for module in modules):
            strange.append(place.as_posix())
    assert strange == []


def test_helpers_are_in_support_and_nothing_else_is_imported_from_tests() -> None:
    wrong = []
    for path in sorted(TESTS.rglob("*.py")):
        place = path.relative_to(TESTS).as_posix()
        is_helper = path.name not in ("conftest.py", "__init__.py") and not path.name.startswith("test_")
        if is_helper and not place.startswith("support/"):
            wrong.append(f"{place} is no test and not in support/")
        for node in ast.walk(tree_of(path)):
            module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if module.split(".")[0] == "tests" and not module.startswith("tests.support"):
                wrong.append(f"{place}:{node.lineno} imports from {module}")
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path.insert":
                wrong.append(f"{place}:{node.lineno} changes sys.path")
    assert wrong == []


def test_code_for_other_processes_imports_what_is_there() -> None:
    wrong = []
    for path in sorted([*TESTS.rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            for module, name in re.findall(r"from ((?:kerastune_ft|tests)[\w.]*) import (\w+)", node.value):
                if not _is_there(module, name):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} imports {name} from {module}")
            for name in re.findall(r"^(kerastune_ft(?:\.\w+)+)$", node.value):
                module, _, last = name.rpartition(".")
                is_module = (ROOT / Path(*name.split("."))).exists() or _file(name).exists()
                if not is_module and not _is_there(module, last):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} names {name}")
    assert wrong == []


def _file(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_there(module: str, name: str) -> bool:
    """Whether a module has a name at its top level, be it a module, a class, a function, a value or an import."""
    if (_file(module).parent / f"{name}.py").exists() and _file(module).name == "__init__.py":
        return True
    if not _file(module).exists():
        # The method of a class, perhaps.
        return _file(module.rpartition(".")[0]).exists()
    names: set[str] = set()
    for node in tree_of(_file(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            names |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return name in names or "__getattr__" in names
