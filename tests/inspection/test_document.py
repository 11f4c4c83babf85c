from __future__ import annotations

import json
from dataclasses import replace

from kerastune_ft.inspection.document import describe_inspection, list_left_out
from kerastune_ft.inspection.findings import LABELS, ODD_BOXES
from tests.support.check_findings import FOUND


def test_the_document_has_all_that_was_found() -> None:
    document = json.loads(json.dumps(describe_inspection(FOUND, True)))
    near, labels, damaged = document["findings"]
    assert near["rows"][0]["figure"] == 0.9123
    assert [each["input"] for each in near["rows"][0]["examples"]] == ["secret0.png", "secret1.png"]
    assert labels["rows"][0]["suggested"] == "b"
    assert damaged["rows"][0]["words"] == "secret9.png: cut short"
    assert document["exclude"]["examples"] == 2
    assert document["exclude"]["by_kind"] == {"near copies": 1, "likely label errors": 1}
    assert document["faults"] == ["near_copies", "label_errors", "damaged"]
    assert "exact copies" in document["clean"]
    assert [(example.key, reason) for example, reason in list_left_out(FOUND)][1] == ("secret2.png", "likely b")


def test_what_was_not_looked_for_is_not_said_to_be_absent() -> None:
    clean = describe_inspection(replace(FOUND, findings=[], unsought={LABELS, ODD_BOXES}), True)["clean"]
    assert "without boxes" in clean
    assert not {"likely label errors", "odd boxes"} & set(clean)


def test_without_names_nothing_names_a_file_or_a_person() -> None:
    text = json.dumps(describe_inspection(FOUND, False))
    assert "secret" not in text
    assert "person" not in text
