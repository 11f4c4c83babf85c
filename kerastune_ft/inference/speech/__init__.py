"""Transcripts of runs that write down speech."""
