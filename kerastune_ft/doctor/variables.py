"""Environment variables that change what a run does, and settings of Keras."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from kerastune_ft import keras_settings
from kerastune_ft.doctor.finding import BROKEN, NOTE, Finding, Section
from kerastune_ft.errors import ConfigError
from kerastune_ft.wording import hide_logins

# Beginnings of names that TensorFlow, Keras, the hubs, drivers and this package read.
_PREFIXES = ("TF_", "KERAS_", "KERASTUNE_", "XLA_", "CUDA_", "NVIDIA_", "NCCL_", "ONEDNN_", "DNNL_", "TPU_", "PJRT_",
             "TFDS_", "HF_", "HUGGING", "KAGGLE", "XDG_CACHE")  # fmt: skip
_NAMES = frozenset({
    "LD_LIBRARY_PATH", "LD_PRELOAD", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONPATH", "PYTHONOPTIMIZE",
    "PYTHONWARNINGS", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
})  # fmt: skip
# Terraform has variables of the same beginning.
_OTHERS = ("TF_CLI_", "TF_VAR_", "TF_LOG", "TF_DATA_DIR", "TF_PLUGIN_", "TF_WORKSPACE", "TF_TOKEN", "TF_REGISTRY")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|USERNAME", re.IGNORECASE)
_MEANING: Mapping[str, str] = {
    "CUDA_VISIBLE_DEVICES": "TensorFlow sees these GPUs only",
    "KERASTUNE_CACHE": "stored features and prepared data lie there",
    "KERAS_BACKEND": "commands take TensorFlow all the same",
    "LD_LIBRARY_PATH": "its libraries come before those of TensorFlow's packages",
    "TF_CONFIG": "read by runtime.strategy multi_worker alone",
    "TF_ENABLE_ONEDNN_OPTS": "chooses kernels, and so the last digits of figures",
    "TF_USE_LEGACY_KERAS": "tf.keras is Keras 2 then; this package uses Keras 3 all the same",
    "TF_XLA_FLAGS": "chooses kernels, and so the last digits of figures",
    "XLA_FLAGS": "chooses kernels, and so the last digits of figures",
}


def examine_variables() -> Section:
    """Return the variables that are set and matter, without secrets, and what is wrong with Keras' settings."""
    found = find_variables(os.environ)
    findings = [
        Finding(f"{name}={value}" + (f" ({meaning})" if (meaning := _MEANING.get(name)) else ""))
        for name, value in found.items()
    ]
    try:
        if note := keras_settings.prepare():
            findings.append(Finding(note, NOTE))
    except ConfigError as error:
        findings.append(Finding(str(error), BROKEN))
    return Section("environment", findings or [Finding("no variable that matters is set")], found)


def find_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what matters of an environment, by name; of secrets only that they are set."""
    return {
        name: "(set)" if _SECRET.search(name) else hide_logins(value)
        for name, value in sorted(environment.items())
        if (name.upper().startswith(_PREFIXES) and not name.startswith(_OTHERS)) or name.upper() in _NAMES
    }
