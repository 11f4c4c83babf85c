"""Sounds with their transcripts as tokens, for a model that learns to write them down."""
