"""`init` on sounds: folders of WAV files, and tables that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft import init
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.errors import DataError
from tests.support.init_data import prose, read_written, write_image, write_sound, write_table


def takes(count: int, **more: Any) -> list[dict[str, Any]]:
    """Write sounds and return the rows that name them."""
    for number in range(count):
        write_sound(Path(f"d/clips/c{number:03d}.wav"))
    return [
        {"clip": f"c{number:03d}", **{name: make(number) for name, make in more.items()}} for number in range(count)
    ]


def test_class_folders_of_sounds_become_audio_classification() -> None:
    for number in range(60):
        for name in ("left", "right", "stop"):
            write_sound(Path(f"d/{name}/{number}.wav"), frames=400 + number)
    begun = init("d")
    document = read_written("d.json")
    assert document["task"]["kind"] == "audio_classification"
    assert (document["backbone"]["weights"], document["backbone"]["image_size"]) == ("embedded", 64)
    assert "yamnet" in document["backbone"]["// name"]
    assert [phase["unfreeze"] for phase in document["phases"]] == ["none", "all"]
    assert "sounds: 0.05 to 0.06 s, 8,000 samples per second (64 opened)" in begun.seen


def test_weights_within_reach_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        for number in range(4):
            write_sound(Path(f"d/{name}/{number}.wav"))
    monkeypatch.setattr(imagenet, "require_weights", lambda options: None)
    init("d")
    document = read_written("d.json")
    assert (document["backbone"]["weights"], document["backbone"]["image_size"]) == ("imagenet", 128)
    assert [phase["name"] for phase in document["phases"]] == ["head"]


def test_split_folders_of_sounds_are_found() -> None:
    for split in ("training", "testing"):
        for name in ("a", "b"):
            for number in range(3):
                write_sound(Path(f"d/{split}/{name}/{number}.wav"))
    init("d")
    assert read_written("d.json")["data"]["splits"] == {"train": "training", "test": "testing"}


def test_a_table_names_sounds_by_a_template_and_speakers_stay_together() -> None:
    rows = takes(24, speaker_id=lambda n: n // 4, command=lambda n: ("up", "down")[n % 2], transcript=prose)
    write_table(Path("d/meta.csv"), rows)
    init("d")
    document = read_written("d.json")
    assert document["task"]["kind"] == "audio_classification"
    assert document["data"]["input"] == "clips/{clip}.wav"
    assert (document["data"]["label"], document["data"]["group"]) == ("command", "speaker_id")


def test_amounts_are_nothing_that_is_learned_from_sounds() -> None:
    write_table(Path("d/meta.csv"), takes(30, score=lambda n: n / 7))
    with pytest.raises(DataError, match=r"score holds amounts; this version can only learn classes from sounds"):
        init("d/meta.csv")


def test_grades_of_sounds_are_not_offered_as_a_regression() -> None:
    write_table(Path("d/meta.csv"), takes(30, grade=lambda n: n % 3))
    assert init("d/meta.csv").asks == ()


def test_transcripts_beside_sounds_are_no_examples_and_damaged_files_are_told() -> None:
    for name in ("a", "b"):
        for number in range(4):
            write_sound(Path(f"d/{name}/{number}.wav"))
            Path(f"d/{name}/{number}.txt").write_text(prose(number))
    Path("d/a/0.wav").write_bytes(b"RIFF")
    begun = init("d")
    assert begun.task == "audio_classification"
    assert "1 file of 8 opened cannot be read, such as d/a/0.wav" in begun.asks[0]


def test_lengths_far_apart_are_asked_about() -> None:
    for name in ("a", "b"):
        for number in range(30):
            write_sound(Path(f"d/{name}/{number}.wav"), frames=80_000 if (name, number) == ("b", 29) else 8_000)
    assert "first 1.0 s" in init("d").asks[0]


def test_sounds_in_another_form_are_to_be_converted() -> None:
    for name in ("a", "b"):
        write_image(Path(f"d/{name}/cover.png"))
        for number in range(3):
            Path(f"d/{name}/{number}.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"WAV, FLAC, OGG and MP3 are read(.|\n)*ffmpeg"):
        init("d")


def test_a_folder_of_nothing_known_names_what_is() -> None:
    Path("d/a").mkdir(parents=True)
    Path("d/a/x.md").write_text("x")
    with pytest.raises(DataError, match=r"an image: JPEG.*a sound: WAV, FLAC, OGG or MP3; a text: .txt.*\.md"):
        init("d")
