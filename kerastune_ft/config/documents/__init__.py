"""JSON text with places: reading files, parsing, and problems that name line and column.

Nothing here knows which keys there are.
"""
