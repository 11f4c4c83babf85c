"""Configuration files: options, reading and checking, without TensorFlow.

Nothing here opens data or builds models.
"""
