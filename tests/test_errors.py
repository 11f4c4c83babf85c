from __future__ import annotations

import errno
import os

import pytest

from kerastune_ft.errors import (
    ConfigError,
    DataError,
    KerasTuneError,
    ResourceError,
    explain_exhaustion,
    explain_memory,
    explain_write,
    is_exhaustion,
    reword_errors,
)
from kerastune_ft.remote import UnreachableError


class ResourceExhaustedError(Exception):
    """TensorFlow's is known by its name, so that nothing imports TensorFlow for it."""


class AbortedError(Exception):
    """So is the one in which TensorFlow reports what oneDNN lacks."""


@pytest.mark.parametrize(
    ("raised", "remedy"),
    [
        (MemoryError(), "out of memory; give a smaller image_size or sequence_length"),
        (ResourceExhaustedError("OOM when allocating"), "Everything written before is intact"),
        (
            AbortedError("Compute received an exception:Status: 1, message: could not create a primitive"),
            "out of memory",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "run/x"), r"no space left \(run/x\): free some"),
        (OSError(errno.EDQUOT, "Quota exceeded", "run/x"), "no space left"),
        (
            OSError(errno.EFBIG, "File too large", "run/x"),
            r"no space left below the limit of file sizes \(ulimit -f\) \(run/x\)",
        ),
        (OSError(errno.EMFILE, "Too many open files", "run/x"), r"too many open files: the limit .*\(ulimit -n\)"),
        (OSError(errno.EIO, "Input/output error", "run/x"), "run/x cannot be reached: input/output error; its disk"),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected", b"run/x"), "run/x cannot be reached"),
        (RuntimeError("can't start new thread"), r"the limit of processes and threads \(ulimit -u\) is reached"),
        (ImportError("lib.so: failed to map segment from shared object"), r"\(ulimit -v\) leaves no room"),
    ],
)
def test_memory_and_disk_that_run_out_have_a_remedy(raised: Exception, remedy: str) -> None:
    with pytest.raises(ResourceError, match=remedy) as caught, explain_exhaustion():
        raise raised
    assert caught.value.__cause__ is raised


def test_what_ran_out_and_what_to_do_are_the_nearest_place_s() -> None:
    with (
        pytest.raises(ResourceError, match=r"^out of memory in phase top; give this\. Everything written") as caught,
        explain_exhaustion(),
        explain_memory("in phase top", "give this"),
    ):
        raise MemoryError
    assert not is_exhaustion(caught.value)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "run/x: permission denied; give this user the right to it"),
        (errno.EROFS, "run/x: read-only file system; name a place that can be written to"),
        (errno.ENAMETOOLONG, "run/x: file name too long; shorten it"),
        (errno.EISDIR, "run/x: is a directory; a file is needed there"),
        (errno.ENOENT, "run/x: no such file or directory; it may have been removed meanwhile"),
    ],
)
def test_what_a_file_system_refuses_is_named(number: int, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy), explain_exhaustion():
        raise OSError(number, os.strerror(number), "run/x")


@pytest.mark.parametrize(
    "raised",
    [
        OSError(errno.EACCES, "Permission denied"),
        OSError(errno.EBADF, "Bad file descriptor", "x"),
        ValueError("x"),
        AbortedError("Compute received an exception:Status: 3, message: could not create a primitive"),
        ImportError("No module named x"),
        ConfigError("y"),
        UnreachableError("gs://x", "no network"),
    ],
    ids=repr,
)
def test_other_errors_stay_what_they_are(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught, explain_exhaustion():
        raise raised
    assert caught.value is raised


def test_exit_codes_are_all_different() -> None:
    codes = [error.exit_code for error in (KerasTuneError, *KerasTuneError.__subclasses__())]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "raised", [DataError("a place"), ConfigError("a place", ["b"]), UnreachableError("a", "place")]
)
def test_errors_with_another_sentence_are_what_they_were(raised: KerasTuneError) -> None:
    before = {**vars(raised)}
    with (
        pytest.raises(type(raised), match=r"the folder") as caught,
        reword_errors(lambda said: said.replace("place", "the folder")),
    ):
        raise raised
    assert caught.value is raised and vars(raised) == before


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 6), (errno.EFBIG, 6), (errno.EACCES, 2)])
def test_a_file_that_cannot_be_written_is_named(number: int, code: int) -> None:
    error = explain_write("page.html", OSError(number, os.strerror(number), "page.html.partial"))
    assert error.exit_code == code
    assert "page.html" in str(error) and "partial" not in str(error) and "name another place" in str(error)
