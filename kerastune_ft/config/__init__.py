"""What a configuration file may say, read and checked without TensorFlow.

Nothing here opens data or builds models.
"""
