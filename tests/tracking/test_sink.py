from __future__ import annotations

from kerastune_ft.tracking.sink import Point, has_none, shorten_error


def test_a_point_is_left_with_what_a_tracker_lacks() -> None:
    point = Point(3, 1.0, {"a": 1.0, "b": 2.0}, {"c": "text"})
    assert point.without(has_none) == point
    assert point.without(lambda tag, step: (tag, step) in {("a", 3), ("b", 2)}) == Point(
        3, 1.0, {"b": 2.0}, {"c": "text"}
    )


def test_an_error_is_said_without_logins() -> None:
    error = RuntimeError("API request to https://ann:s3cret@host/api failed,\n  twice")
    assert shorten_error(error) == "API request to https://***@host/api failed, twice"
