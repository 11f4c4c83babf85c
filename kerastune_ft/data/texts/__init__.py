"""Reading and checking texts and pairs of texts, from files, table cells, arrays and TensorFlow Datasets.

Nothing here knows where labels come from.
"""
