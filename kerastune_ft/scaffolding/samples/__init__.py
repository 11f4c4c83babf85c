"""Statistics of a sample of files: images, texts, sounds.

Nothing here decides what the configuration will say.
"""
