"""Training a run from its plan: the thin shell around phases, features, checkpoints.

Nothing here prints; watchers do.
"""

import os

# TensorFlow's own log, which it reads once at import: on a machine without a GPU it reports that as an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
