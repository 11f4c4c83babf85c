"""Formats in which labels lie beside the inputs of a folder: one file per format, with a function `read`.

Nothing here knows splits beyond the folders they are named by, models or TensorFlow.
"""
