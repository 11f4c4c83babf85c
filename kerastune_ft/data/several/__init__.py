"""Examples with several inputs: pictures, a text, numbers and words of the rows of one table.

Nothing here knows models or batches.
"""
