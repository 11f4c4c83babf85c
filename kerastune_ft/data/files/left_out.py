"""Folders that operating systems, file servers and viewers put beside the data, and that hold none of it."""

from __future__ import annotations

from kerastune_ft.rules import NEWEST, Rules

_EARLIER = frozenset(("__MACOSX",))
# Synology, QNAP and others: thumbnails, recycle bins and snapshots. Names with a dot in front are hidden anyway.
_SERVICE = frozenset(
    (
        "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "@sharesnap", "$recycle.bin",
        "recycler", "recycled", "system volume information", "lost+found", "found.000", "__macosx", "appledouble",
        "network trash folder", "temporary items", "_thumb", "_thumbs", "_thumbnail", "_thumbnails",
    )
)  # fmt: skip
_THUMBNAILS = frozenset(("thumb", "thumbs", "thumbnail", "thumbnails"))


def is_left_out(name: str, rules: Rules = NEWEST) -> bool:
    """Tell whether a folder of this name holds no data, wherever it is: a hidden one, or one that a machine made."""
    if name.startswith(".") or name in _EARLIER:
        return True
    return rules.without_thumbnails and name.casefold() in _SERVICE


def may_be_thumbnails(name: str, rules: Rules = NEWEST) -> bool:
    """Tell whether a folder of this name holds thumbnails unless it is a class, as of gestures."""
    return rules.without_thumbnails and name.casefold() in _THUMBNAILS
