"""Measuring settings that `init` could propose: the sets, the settings, and one trial."""
