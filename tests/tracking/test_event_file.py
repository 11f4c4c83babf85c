"""Event files are what TensorFlow's protocol buffers and TensorBoard read."""

from __future__ import annotations

import struct

import pytest

from kerastune_ft.tracking import event_file

FIGURES = {"train/loss": 0.25, "validation/accuracy": 1.0}


def content() -> bytes:
    return (
        event_file.begin_file(1.5)
        + event_file.write_figures(2.5, 300, FIGURES)
        + event_file.write_texts(3.5, 70_000, {"phase/head": "**head** é"})
        + event_file.write_parameters(1.0, "tiny", {"seed": 3, "rate": 0.5, "refit": False, "task": "x"})
        + event_file.write_end(4.5, "done")
        + event_file.restart_at(5.5, 301)
    )


def test_records_are_read_back_with_steps_and_tags() -> None:
    found = list(event_file.read_records(content()))
    assert b"".join(record.content for record in found) == content()
    assert [record.step for record in found] == [0, 300, 70_000, 0, 0, 301]
    assert [record.tags for record in found[:3]] == [(), ("train/loss", "validation/accuracy"), ("phase/head",)]


@pytest.mark.parametrize("cut", [1, 11, 13, 40])
def test_what_a_killed_process_left_half_written_ends_the_file(cut: int) -> None:
    whole = event_file.begin_file(1.5) + event_file.write_figures(2.5, 1, FIGURES)
    assert [record.step for record in event_file.read_records(whole + whole[:cut])] == [0, 1]
    damaged = bytearray(whole)
    damaged[-6] ^= 1
    assert [record.step for record in event_file.read_records(bytes(damaged))] == [0]


def test_the_checksum_is_that_of_its_definition() -> None:
    # CRC-32C of 32 zero bytes, RFC 3720 B.4, then masked.
    crc = 0x8A9136AA
    assert event_file._checksum(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_tensorflow_reads_the_same(tmp_path) -> None:
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    (tmp_path / "events").write_bytes(content())
    events = [
        event_pb2.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(tmp_path / "events"))
    ]
    assert events[0].file_version == "brain.Event:2"
    assert (events[1].wall_time, events[1].step) == (2.5, 300)
    assert {value.tag: value.simple_value for value in events[1].summary.value} == FIGURES
    (text,) = events[2].summary.value
    assert tf.make_ndarray(text.tensor).tolist() == ["**head** é".encode()]
    assert text.metadata.plugin_data.plugin_name == "text"
    assert events[3].summary.value[0].metadata.plugin_data.plugin_name == "hparams"
    assert (events[5].step, events[5].session_log.status) == (301, event_pb2.SessionLog.START)
    assert struct.calcsize("<Q") == 8


@pytest.mark.slow
def test_tensorboard_reads_the_hyperparameters() -> None:
    plugin = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    from tensorflow.core.util import event_pb2

    records = list(event_file.read_records(content()))
    start, end = (
        plugin.HParamsPluginData.FromString(
            event_pb2.Event.FromString(records[number].content[12:-4]).summary.value[0].metadata.plugin_data.content
        )
        for number in (3, 4)
    )
    found = start.session_start_info
    assert (found.group_name, found.start_time_secs) == ("tiny", 1.0)
    assert {name: getattr(value, value.WhichOneof("kind")) for name, value in found.hparams.items()} == {
        "seed": 3.0, "rate": 0.5, "refit": False, "task": "x",
    }  # fmt: skip
    assert (end.session_end_info.status, end.session_end_info.end_time_secs) == (1, 4.5)
