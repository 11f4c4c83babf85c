"""Messages in the words of a call from Python."""

from __future__ import annotations

import pytest

from kerastune_ft.api.python_words import in_python


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('with  --label "a b"  (repeat it for several columns).', 'with  label="a b"  (a list for several columns).'),
        ("if so, run init again with --label \"kind\"", 'if so, call kt.fine_tune again with label="kind"'),
        ("--label: t.csv has no column 'x'", "label: t.csv has no column 'x'"),
        ("given by --backbone", "given by backbone"),
        ("write 1 in data", "write 1 in data"),
        ('write "kind": "text_regression" in task', 'give task="text_regression"'),
        ('or write  "on_missing": "skip"  in data to', 'or give data={"path": ..., "on_missing": "skip"} to'),
        (
            'write "preset": "x_en" (or the directory) instead of class, and in phases 0.001 for the head, "unfreeze"',
            'give backbone="x_en" (or the directory), and the phases will fit it',
        ),
        ('write "input": ["a", "b"] in data', 'give data={"path": ..., "input": ["a", "b"]}'),
        ('write "multi_label": true in task', 'give task={"kind": ..., "multi_label": True}'),
    ],
)  # fmt: skip
def test_options_of_init_become_arguments(said: str, expected: str) -> None:
    assert in_python(said) == expected
