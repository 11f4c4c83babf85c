"""Tables as columns of text, whatever their format, and what columns name.

Nothing here knows tasks or splits.
"""
