from __future__ import annotations

import re

from kerastune_ft.data.embedded import summaries


def test_a_summary_is_the_beginning_of_its_sentence() -> None:
    for index in range(0, summaries.EXAMPLES, 7):
        (text,) = summaries.text(index)
        assert summaries.context(index) == (("user", text),)
        told = re.findall(r"Above all, ([^.]+)\.", text)
        assert len(told) == 1
        summary = summaries.answer(index)
        assert told[0].lower().startswith(summary[:-1].lower() + " ")
        assert 3 <= text.count(".") <= 4
