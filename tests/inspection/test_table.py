from __future__ import annotations

from kerastune_ft.inspection.document import describe_inspection
from kerastune_ft.inspection.findings import Exclusions, Inspection
from kerastune_ft.inspection.table import build_check_table, describe_check
from tests.support.check_findings import FOUND


def test_the_sentences_below_the_table() -> None:
    document = {**describe_inspection(FOUND, True), "exclude_file": "x/exclude.csv", "line": '"exclude": "x"'}
    assert [column.heading for column in build_check_table(document).columns] == [
        "finding", "count", "of which", "what to do",
    ]  # fmt: skip
    said = list(describe_check(document))
    assert said[0] == "near copies: secret0.png, secret1.png: alike"
    assert said[1] == "likely label errors: secret2.png (a; likelier b): probability 0.9 of b"
    assert said[2] == "cannot be read: secret9.png: cut short"
    assert said[3].startswith("looked for and not found: exact copies, ")
    assert said[4] == "labels: no"
    assert said[5] == ("x/exclude.csv names 2 examples that may be left out (1 near copies, 1 likely label errors):")
    assert said[-1] == 'to leave them out, write in data  "exclude": "x"'


def test_where_examples_are_not_shown_none_is_named() -> None:
    document = {**describe_inspection(FOUND, False), "exclude_file": "", "line": ""}
    assert not any("secret" in sentence for sentence in describe_check(document))


def test_nothing_found() -> None:
    nothing = Inspection("set", "image", [], [], Exclusions(), [], {})
    assert len(list(describe_check(describe_inspection(nothing, True)))) == 1
