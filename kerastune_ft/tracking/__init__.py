"""Experiment trackers, one file each: watchers that send the events of a run elsewhere.

Nothing here decides, stops or changes anything of a run.
"""
