from __future__ import annotations

from kerastune_ft.inspection.document import describe_inspection
from kerastune_ft.inspection.page import write_page
from tests.support.check_findings import FOUND


def test_without_a_session_no_example_is_shown_or_named() -> None:
    about = {"sizes": {"train": 3}, "backbone": "net", "compared": 1, "measure": "m", "least": 0.7, "seed": 1}
    document = {**describe_inspection(FOUND, False), "about": {**about, "excluded": {}, "fingerprint": "00ff" * 16}}
    page = write_page(FOUND, document, '"exclude": "x/exclude.csv"', None)
    assert "secret" not in page
    assert "person" not in page
    assert "Examples are not shown" in page
    assert "&#34;exclude&#34;: &#34;x/exclude.csv&#34;" in page
    assert 'id="near_copies"' in page
