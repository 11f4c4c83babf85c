"""Twenty thousand files: all are there, and what is kept of them is little."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.image_files import encode_image, pixels

COUNT = 20_000
MEGABYTES = 300
SCRIPT = """
import json, resource, sys
from pathlib import Path
import tensorflow as tf
from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source

tf.io.decode_png(tf.io.encode_png(tf.zeros([2, 2, 3], tf.uint8)))
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = used()
place = Path(sys.argv[1])
source = open_source(FolderData(path=str(place / "many")), ImageClassification(), place / "cache", lambda line: None)
sizes = {tuple(size) for size in source.image_sizes.tolist()}
print(json.dumps({"examples": source.info.examples, "sizes": sorted(sizes), "megabytes": used() - before}))
"""


@pytest.mark.slow
def test_twenty_thousand_files_take_little_memory(tmp_path: Path) -> None:
    images = [encode_image(pixels(seed, 32, 32)) for seed in range(20)]
    for number in range(10):
        (tmp_path / "many" / f"class{number}").mkdir(parents=True)
    for index in range(COUNT):
        # What follows the end mark of a PNG is nothing to its picture and makes every file another one.
        path = tmp_path / "many" / f"class{index % 10}" / f"{index}.png"
        path.write_bytes(images[index % 20] + str(index).encode())
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        assert found["examples"] == COUNT
        assert found["sizes"] == [[32, 32]]
        assert found["megabytes"] < MEGABYTES
