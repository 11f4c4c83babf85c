"""Rows of tokens: tokenising, packing, windows of long texts, and the lengths that rows are padded to."""
