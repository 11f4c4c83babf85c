from __future__ import annotations

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.output.form import PLAIN, OutputForm


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (OutputForm(top=2, submission="s.csv"), "--top has no effect with --submission"),
        (OutputForm(coverage=0.9, submission="s.csv"), "--coverage has no effect with --submission"),
        (OutputForm(coverage=1.0), "--coverage: a coverage lies between 0 and 1"),
        (OutputForm(threshold=30.0), "--threshold: a score lies between 0 and 1"),
        (OutputForm(allow_errors=True), "--allow-errors is for --submission"),
    ],
)
def test_options_that_exclude_each_other_are_refused(form: OutputForm, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        form.check()


def test_a_form_alone_is_taken() -> None:
    for form in (PLAIN, OutputForm(top=2), OutputForm(submission="s.csv", allow_errors=True)):
        form.check()
