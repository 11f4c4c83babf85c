"""Tiles of pictures as examples."""
