from __future__ import annotations

from kerastune_ft.config.documents.nodes import KeyPath, Place
from kerastune_ft.config.documents.problems import SET, Problem, drop_consequences, make_error, sort_problems


def problem(path: KeyPath, file: str = "a.json", line: int | None = 1, message: str = "is wrong") -> Problem:
    return Problem(Place(file, path, line, 3), message)


def test_the_first_problem_of_a_key_stands_for_those_that_follow_from_it() -> None:
    first, later = problem(("seed",), message="is no number"), problem(("seed",), message="is below zero")
    assert drop_consequences([first, later, problem(("name",))]) == [first, problem(("name",))]


def test_problems_stand_as_in_the_file_then_those_of_its_bases_then_those_of_the_command() -> None:
    own, late = problem(("a",), line=2), problem(("b",), line=9)
    base, command = problem(("c",), "base.json"), problem(("d",), SET, None)
    assert sort_problems([command, base, late, own], "a.json") == [own, late, base, command]


def test_one_screen_tells_all_and_how_to_check_again() -> None:
    error = make_error(
        [problem(("phases", 0, "epochs"), line=4), problem(("seed",), SET, None)], "my a.json", on_disk=True
    )
    text = str(error)
    assert text.startswith("my a.json: 2 problems\n")
    assert "phases[0].epochs" in text
    assert text.endswith("Check again with: python -m kerastune_ft validate 'my a.json'")
    assert [one.to_json()["pointer"] for one in error.problems] == ["/phases/0/epochs", "/seed"]
    assert "Check again" not in str(make_error([problem(())], "a dict", on_disk=False))
