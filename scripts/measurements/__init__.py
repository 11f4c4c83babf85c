"""The parts of scripts/benchmark.py: timing runs of kerastune_ft and of hand-written scripts, each in a process."""
