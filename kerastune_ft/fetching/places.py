"""Where fetched files go: the usual caches, or one folder that can be copied, with the variables that lead there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.storage import expand_home

_HERE = """# Source this before runs: what was fetched is found below the folder of this file.
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]:-$0}")" && pwd)
"""
# By environment variable the sub-folder of an output that it names.
_FOLDERS: Mapping[str, str] = {
    "KERAS_HOME": "keras",
    "KAGGLEHUB_CACHE": "kagglehub",
    "HF_HUB_CACHE": "huggingface",
    "MODELSCOPE_CACHE": "modelscope",
    "TFDS_DATA_DIR": "tfds",
}
SCRIPT = "offline.sh"


def choose_folders(output: Path) -> dict[str, str]:
    """Set the variables of this process so that all libraries keep their files below a folder, and return them.

    Call it before Keras, the hubs or TensorFlow Datasets are imported, which read some of them only then.
    """
    chosen = {name: str(output.absolute() / folder) for name, folder in _FOLDERS.items()}
    os.environ.update(chosen)
    return chosen


def list_caches() -> list[Path]:
    """Return the folders where Keras, the hubs and TensorFlow Datasets keep files here, as the environment says."""
    data_sets = Path(expand_home(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"))
    return [imagenet.cache_directory(), *map(presets.cache_directory, ("kaggle", "hf", "modelscope")), data_sets]


def write_script(output: Path) -> Path:
    """Write the file that sets the variables in a shell, wherever the folder lies then, and return its path."""
    lines = [f'export {name}="$here/{folder}"' for name, folder in _FOLDERS.items()]
    path = output / SCRIPT
    path.write_text(_HERE + "\n".join([*lines, "export HF_HUB_OFFLINE=1"]) + "\n")
    return path
