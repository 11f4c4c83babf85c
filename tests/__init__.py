"""Tests: one file per module of kerastune_ft, under its name in the mirrored folder.

Whole runs are in runs/; what holds for every backbone, data kind or configuration is in conformance/. Helpers are
modules of support/ and are imported as `tests.support.name`; no test imports from a test file.
"""
