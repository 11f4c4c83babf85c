"""The predict.py of every export, one file per format and form of input, copied as they are.

They import nothing of this package, and nothing of TensorFlow or Keras where the format does without.
"""
