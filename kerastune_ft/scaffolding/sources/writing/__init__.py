"""Inspecting data of models that write: chats, pairs of texts, plain texts, sounds with transcripts."""
