"""Finding configuration files, on disk or in the package, and reading them into documents."""

from __future__ import annotations

from pathlib import Path

from kerastune_ft.config.documents.json_parser import BrokenDocument, parse
from kerastune_ft.config.documents.nodes import Node, Place
from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.words import nearest
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home

SHIPPED = Path(__file__).parents[1] / "shipped"
_LARGEST_BYTES = 2_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def shipped_names() -> list[str]:
    """Return the names of the configurations that come with the package, such as `medical` and `smoke/sentiment`."""
    names = [path.relative_to(SHIPPED).with_suffix("").as_posix() for path in SHIPPED.rglob("*.json")]
    return sorted(name for name in names if name != "schema")


def find(source: str | Path) -> Path:
    """Return the file at a path, or else the shipped configuration of that name."""
    path = Path(expand_home(source))
    if path.is_file():
        return path
    name = str(source)
    if name in shipped_names():
        return SHIPPED / f"{name}.json"
    if path.is_dir():
        inside = sorted(one.name for one in path.glob("*.json"))[:5]
        hint = f"it holds {', '.join(inside)}" if inside else "it holds no .json file"
        raise ConfigError(f"{source} is a directory; give a configuration file ({hint})")
    raise ConfigError(f"no configuration {source}: {_missing_hint(path)}")


def _missing_hint(path: Path) -> str:
    if path.exists():
        return "it is not a regular file; give a JSON file"
    beside = [one.name for one in path.parent.glob("*.json")] if path.parent.is_dir() else []
    close = nearest(path.name, beside)
    if close:
        return f'it does not exist; did you mean "{path.parent / close}"?'
    shipped = nearest(path.stem, shipped_names())
    if shipped:
        return f'it does not exist; did you mean the configuration "{shipped}", which comes with the package?'
    return f"it does not exist; these come with the package: {', '.join(shipped_names())}"


def load(path: Path, asked_at: Place, problems: list[Problem]) -> Node | None:
    """Return the document of a file, or None after adding a problem; `asked_at` is the place that names the file."""
    text = _text(path, asked_at, problems)
    if text is None:
        return None
    try:
        document, found = parse(text, str(path))
    except BrokenDocument as broken:
        problems.extend(broken.problems)
        return None
    problems.extend(found)
    if isinstance(document.value, dict):
        return document
    problems.append(Problem(document.place, 'a configuration is an object: {"task": ..., "data": ..., ...}'))
    return None


def _text(path: Path, asked_at: Place, problems: list[Problem]) -> str | None:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            problems.append(Problem(asked_at, f"{path} has more than 2 MB; it is not a configuration"))
            return None
        content = path.read_bytes()
    except OSError as error:
        problems.append(Problem(asked_at, f"{path} cannot be read: {(error.strerror or str(error)).lower()}"))
        return None
    if content.startswith(_UTF16) or b"\x00" in content[:64]:
        problems.append(Problem(Place(str(path), (), 1, 1), "the file is UTF-16; save it as UTF-8"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        message = f"byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        problems.append(Problem(Place(str(path), (), line, column), message))
        return None
