"""Keys that a key of the command line excludes: `--set` puts it in their place, and says which it took out."""

from __future__ import annotations

from collections.abc import Mapping

from kerastune_ft.config.checks.messages import allowed_keys
from kerastune_ft.config.documents.nodes import KeyPath, Node, format_path, short_json
from kerastune_ft.config.documents.problems import SET
from kerastune_ft.config.facts.applications import EMBEDDED

_KINDS = ("data", "task", "backbone")
# Keys that all kinds have and that mean another thing in each.
_OF_ONE_KIND = {"backbone": ("options", "input")}
# Keys of one kind of backbone alone.
_KIND_OF_KEY = {"preset": "keras_hub", "class": "keras_hub", "name": "applications"}
_OTHER_SOURCE = {"preset": ("class", "options"), "class": ("preset",)}
_SHARED = ("train", "validation", "test")
_FORMS: tuple[tuple[str, ...], ...] = (("column",), ("file",), ("folds", "fold", "test", "stratify"))
_SHARES, _NAMES = (*_SHARED, "stratify", "seed"), _SHARED


def remove_excluded(document: Node, path: KeyPath, value: Node) -> tuple[Node, list[str]]:
    """Return the document without the keys that cannot stand beside a key of `--set`, and a sentence about them.

    They are those of another kind, those of the other form of splits, a class beside a preset, and the embedded weights
    beside another model. What `--set` itself wrote stays. A document in which nothing stands in the way stays as it is.
    """
    section = document.find(path[0])
    if len(path) < 2 or value.value is None or section is None or not isinstance(section.value, dict):
        return document, []
    if path[:2] == ("data", "splits") and len(path) == 3:
        splits = section.find("splits")
        kept, gone = _divide_splits(splits, str(path[2]), value)
        changed = section.with_items({**section.value, "splits": Node(kept, section.place)}) if gone else section
    else:
        kind = _new_kind(section, path, value)
        gone = _find_excluded(section, path, value, kind)
        changed = section.with_items({key: item for key, item in section.value.items() if key not in gone})
        if kind is not None and gone:
            changed = changed.with_items({**changed.value, "kind": Node(kind, value.place)})
    if not gone:
        return document, []
    named = ", ".join(f"{key} {short_json(item.plain())}" for key, item in gone.items())
    return document.with_items({**document.value, str(path[0]): changed}), [
        f"--set {format_path(path)} takes the place of {named}"
    ]


def _new_kind(section: Node, path: KeyPath, value: Node) -> str | None:
    """Return the kind that an object gets by the key, None where it stays what it is."""
    kind = section.find("kind")
    if path[0] not in _KINDS or len(path) != 2 or kind is None:
        return None
    wanted = value.value if path[1] == "kind" else _KIND_OF_KEY.get(str(path[1])) if path[0] == "backbone" else None
    return wanted if isinstance(wanted, str) and wanted != kind.value and kind.place.file != SET else None


def _find_excluded(section: Node, path: KeyPath, value: Node, kind: str | None) -> dict[str, Node]:
    """Return the keys of an object that are taken out for another."""
    allowed = allowed_keys((path[0], f"@{kind}")) if kind is not None else []
    gone: set[str] = set()
    if allowed:
        gone |= {key for key in section.value if key not in allowed}
        gone |= {*_OF_ONE_KIND.get(str(path[0]), ()), "kind"} & {*section.value}
    if path[0] == "backbone":
        gone |= {*_OTHER_SOURCE.get(str(path[1]), ())} & {*section.value}
        weights = section.find("weights")
        if path[1] == "name" and value.value != EMBEDDED and weights is not None and weights.value == "embedded":
            gone.add("weights")
    found = {key: item for key, item in section.value.items() if key in gone and item.place.file != SET}
    # A kind alone is nothing to speak of.
    return found if set(found) - {"kind"} or kind is not None else {}


def _divide_splits(splits: Node | None, key: str, value: Node) -> tuple[dict[str, Node], dict[str, Node]]:
    """Return the keys of splits that go with a key and its value, and those that do not."""
    held: Mapping[str, Node] = splits.value if splits is not None and isinstance(splits.value, dict) else {}
    has_folds = key == "test" and "folds" in held
    form = next((form for form in _FORMS if key in form and (key != "test" or has_folds)), None)
    are_names = key in _SHARED and _is_name(value)
    if form is None:
        form = _NAMES if are_names else _SHARES
    gone = {
        name: item
        for name, item in held.items()
        if name != key
        and item.place.file != SET
        and (name not in form or (name in _SHARED and item.value is not None and _is_name(item) != are_names))
    }
    return {name: item for name, item in held.items() if name not in gone}, gone


def _is_name(node: Node) -> bool:
    """Return whether a split is given by names, and not by a share."""
    return isinstance(node.value, str | list)
