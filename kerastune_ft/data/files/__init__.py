"""Finding, listing, hashing and unpacking files, whatever they hold.

Nothing here decodes an image, a sound or a text.
"""
