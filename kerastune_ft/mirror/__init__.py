"""Copies of runs on slow mounts and in buckets: written while a run trains, and brought back where it is gone."""
