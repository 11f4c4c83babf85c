"""Reading and checking image files and arrays of images.

Nothing here knows where labels come from.
"""
