"""Statistics over a few sampled files: pixels, texts, sounds.

Nothing here decides anything.
"""
