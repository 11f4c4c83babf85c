"""Reading and checking sound files and arrays of samples.

Nothing here knows where labels come from.
"""
