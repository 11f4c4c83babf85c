"""Opens an exported preset in a process of its own and writes its scores: `python reopen.py JOB.json`.

It imports keras-hub and nothing of this package, as whoever is given the export.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Do the job of a file: open `preset` by the class of keras-hub of this name, and score the rows in `given`."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.modules.update(dict.fromkeys(job["blocked"]))
    import keras_hub

    kind = getattr(keras_hub.models, job["class"])
    hidden = job.get("hidden")
    # A backbone has no preprocessor, and ends at hidden states.
    options = {} if job["has_tokenizer"] or hidden else {"preprocessor": None}
    model = kind.from_preset(job["preset"], dtype="float32", **options)
    if job.get("adapters"):
        import runpy

        runpy.run_path(job["script"])["apply"](model if hidden else model.backbone, job["adapters"])
    with np.load(job["given"]) as file:
        rows = dict(file)
    found: dict[str, Any] = {}
    for number in range(job["rows"]):
        named = {name: rows[f"{number}/{name}"] for name in job["names"]}
        scores = model(named, training=False)
        if hidden:
            scores = model.token_embedding(scores[hidden], reverse=True)
        found[str(number)] = np.asarray(scores, np.float32)
    np.savez(job["scores"], **found)


if __name__ == "__main__":
    main()
