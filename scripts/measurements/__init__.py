"""What scripts/benchmark.py measures: runs of kerastune_ft and of hand-written scripts, each in its own process."""
