"""Sounds of people who speak, with their transcripts."""
