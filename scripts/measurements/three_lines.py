"""What a user of kerastune_ft writes who does not want to know: data in, metrics out.

The side of `scripts/benchmark.py first-hour` that scripts written by hand are compared with.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas

import kerastune_ft as kt


def main() -> None:
    """Fine-tune a model on a folder of images, or on the DataFrame of a table of texts, and print its accuracy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of images, or a table with text and label")
    parser.add_argument("--backbone", type=json.loads, required=True, help="the pretrained model, as JSON")
    parser.add_argument("--run", type=Path, required=True, help="the run directory to write")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    settings = {"backbone": options.backbone, "run_dir": options.run, "seed": options.seed}
    if options.data.is_dir():
        run = kt.fine_tune(options.data, **settings)
    else:
        run = kt.fine_tune(pandas.read_csv(options.data), label="label", **settings)
    print(run.metrics["test"]["accuracy"])


if __name__ == "__main__":
    main()
