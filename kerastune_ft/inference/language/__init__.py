"""Answers of runs whose models write texts: to prompts in files and tables, and in a conversation."""
