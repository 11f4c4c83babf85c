"""The examples of a run as the page shows them: pictures and sounds inside it, and what the model got of each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerastune_ft.reporting.quantities import format_share, format_whole
from kerastune_ft.reporting.run_files import RunFiles
from kerastune_ft.wording import counted

_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".wav": "audio/wav"}
# Less is not seen, and comes from rounding to whole pixels.
_UNNOTICED = 0.02
# From here on a picture looks blurred.
_ENLARGED = 2.0
# Characters of a long text that are shown: of its beginning, of the end of what was read, and of what was not.
_BEGINNING, _END, _UNREAD = 420, 240, 160


class Piece(NamedTuple):
    """A piece of a text: `read`, `unread`, or how much is `omitted` here."""

    kind: str
    text: str


def read_examples(run: RunFiles) -> list[dict[str, Any]]:
    """Return the examples to show; none where examples may not be shown.

    Beside what their file says each has `pictures` (name and data URI), `sound` (data URI or None), `shown_texts`
    (pieces of every text) and `became`, what became of it on its way to the model, in words.
    """
    if not run.shows_examples:
        return []
    folder = run.directory / "evaluation" / run.page.examples_file
    return [_show_example(folder, example) for example in run.examples]


def describe_view(examples: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence on whether examples are shown as the model got them; nothing without any."""
    if not examples:
        return ""
    seen = examples[0].get("seen")
    if seen is None:
        return "This run was evaluated by an earlier version, which shows examples as they are in the data."
    return " ".join(
        dict.fromkeys(sentence for part in _list_parts(seen) for key, (sentence, _) in _BY_KEY.items() if key in part)
    )


def _list_parts(seen: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what became of each of several inputs; of a single one that alone."""
    parts = [part for part in seen.values() if isinstance(part, Mapping)]
    return parts or [seen]


def _show_example(folder: Path, example: Mapping[str, Any]) -> dict[str, Any]:
    panels = example.get("panels") or {"": example.get("file")}
    parts = _list_parts(example.get("seen") or {})
    seen = next((part for part in parts if "read" in part), {})
    encoded = [(str(name), _encode_file(folder, file)) for name, file in panels.items()]
    texts = [str(text) for text in example.get("texts") or ()]
    return {
        **example,
        "pictures": [(name, uri) for name, uri in encoded if uri is not None],
        "sound": _encode_file(folder, example.get("sound")),
        "shown_texts": [
            split_text(text, read, of) for text, read, of in zip(texts, *_find_read(texts, seen), strict=False)
        ],
        "became": "; ".join(
            dict.fromkeys(
                said
                for part in parts
                for key, (_, describe) in _BY_KEY.items()
                if key in part and (said := describe(part))
            )
        ),
    }


def _encode_file(folder: Path, name: Any) -> str | None:
    # Only the name counts: whatever a file says, nothing outside this folder is opened.
    path = folder / Path(str(name or "")).name
    if not name or path.suffix not in _MEDIA_TYPES or not path.is_file():
        return None
    return f"data:{_MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _find_read(texts: Sequence[str], seen: Mapping[str, Any]) -> tuple[Sequence[int], Sequence[int]]:
    """Return the characters of each text that the model read, and those that it has; of an old run nothing is known."""
    own = [len(text) for text in texts]
    return (seen["read"], seen["of"]) if "read" in seen else (own, own)


def split_text(text: str, read: int, of: int) -> list[Piece]:
    """Return a text of `of` characters in pieces, of which the model read the first `read`; `text` may end earlier."""
    pieces = []
    beginning, unread = text[:read], _end_at_word(text[read:], _UNREAD)
    if read <= _BEGINNING + _END + 100:
        pieces.append(Piece("read", beginning))
    else:
        end = text[max(_BEGINNING, read - _END) : read]
        omitted = read - _BEGINNING - len(end)
        pieces += [Piece("read", text[:_BEGINNING]), Piece("omitted", f"{format_whole(omitted)} characters")]
        pieces.append(Piece("read", end))
    if of > read:
        pieces.append(Piece("unread", unread))
        if rest := of - read - len(unread):
            pieces.append(Piece("omitted", f"{format_whole(rest)} more characters"))
    return [piece for piece in pieces if piece.text]


def _end_at_word(text: str, most: int) -> str:
    """Return at most so many characters of a text, to the end of a word where there is one."""
    if len(text) <= most:
        return text
    space = text.rfind(" ", most // 2, most)
    return text[: space if space > 0 else most]


def _describe_image(seen: Mapping[str, Any]) -> str:
    (height, width), (own_height, own_width) = seen["size"], seen["of"]
    wideness = (own_width / own_height) / (width / height)
    said = []
    if seen.get("cut", 0) > _UNNOTICED:
        said.append(f"{format_share(seen['cut'])} cut off {'left and right' if wideness > 1 else 'above and below'}")
    if seen.get("resize") == "stretch" and abs(wideness - 1) > _UNNOTICED:
        said.append(f"stretched {max(wideness, 1 / wideness):.2g} times {'upwards' if wideness > 1 else 'sideways'}")
    scale = max if seen.get("resize") == "crop" else min
    if (enlarged := scale(height / own_height, width / own_width)) >= _ENLARGED:
        said.append(f"enlarged {enlarged:.2g} times")
    return ", ".join(said)


def _describe_tiles(seen: Mapping[str, Any]) -> str:
    height, width = seen["pictures"]
    return f"{width} x {height} pixels in {counted(seen['tiles'], 'tile')}"


def _describe_sound(seen: Mapping[str, Any]) -> str:
    seconds, own = seen["seconds"], seen.get("of")
    if own is not None and own - seconds > _UNNOTICED:
        return f"{seconds:.2f} s, {own - seconds:.2f} s more cut off"
    if own is not None and seconds - own > _UNNOTICED:
        return f"{own:.2f} s, then {seconds - own:.2f} s of silence"
    return f"{seconds:.2f} s"


def _describe_text(seen: Mapping[str, Any]) -> str:
    read, of = sum(seen["read"]), sum(seen["of"])
    return f"{format_share(read / of)} of it read" if of > read else ""


_BY_KEY: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "size": (
        "Pictures are as the model saw them, brought to its size and mapped to values of 0 to 255.",
        _describe_image,
    ),
    "tiles": (
        "Pictures are shown whole, made smaller; the model saw their tiles, whose answers are put together.",
        _describe_tiles,
    ),
    "seconds": (
        "Pictures are what the model heard: loud tones bright, low ones at the bottom, cut to the model's length.",
        _describe_sound,
    ),
    "read": ("Texts are as far as the model read them; what it did not read is struck out.", _describe_text),
}
"""By a key of `seen` that only examples of one kind have: a sentence on the view, and what became of one example."""
