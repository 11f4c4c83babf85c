from __future__ import annotations

import json
import pickle

from kerastune_ft.reporting.notebook.folded import Folded


def test_a_long_dict_prints_a_line_per_key() -> None:
    folded = Folded(
        state="done", files={f"file-{n}": "0" * 64 for n in range(400)}, rows=["x" * 9] * 50, text="<" * 999
    )
    assert repr(folded).splitlines()[:3] == ['state  "done"', "files  {400 keys}", "rows   [50 items]"]
    assert max(map(len, repr(folded).splitlines())) <= 110
    assert "<<" not in folded._repr_html_() and "400 keys" in folded._repr_html_()


def test_it_is_a_dict_otherwise() -> None:
    folded = Folded(state="done", phases=[])
    assert folded == {"state": "done", "phases": []} and json.loads(json.dumps(folded)) == folded
    assert type(pickle.loads(pickle.dumps(folded))) is dict
    assert repr(Folded()) == "{}"
