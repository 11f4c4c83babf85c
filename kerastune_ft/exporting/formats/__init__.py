"""Formats of exports: one file each with `write` and what it needs, and its row in `base.FORMATS`."""
