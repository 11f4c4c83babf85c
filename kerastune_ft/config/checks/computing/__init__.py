"""Checks of where and how a run computes."""
