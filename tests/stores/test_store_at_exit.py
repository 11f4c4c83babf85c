"""A program that ends while it reads from a store ends without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import builtins
import sys
from pathlib import Path
import numpy as np
from kerastune_ft.stores.store import FeatureStore

store = FeatureStore(Path(sys.argv[1]), {"of": "a test"}, 4, {}, print)
ids = [bytes([number]) * 32 for number in range(8)]
for block in store.claim(ids, 1):
    block.write(np.zeros((len(block.positions), 4), np.uint8))
    block.commit()
rows = store.rows(ids)
rows[np.arange(8)]
# Compiled code keeps objects until modules have lost their names; so does the module that is cleared last.
builtins.kept = (rows, sys.modules["kerastune_ft.stores.rows"])
raise SystemExit(75)
"""


def test_files_that_are_still_open_cause_no_noise(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (75, "", "")
