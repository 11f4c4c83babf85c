"""Boxes as annotation tools write them: one file per format, and what they share."""

from __future__ import annotations
