"""The parts of scripts/chaos.py: what is injected into runs, and how their results are compared."""
