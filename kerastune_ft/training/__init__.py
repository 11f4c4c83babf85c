"""The thin imperative shell: devices, assembly, the plan, and the loop over phases."""

import os

# TensorFlow's own log, which it reads once at import: on a machine without a GPU it reports that as an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
