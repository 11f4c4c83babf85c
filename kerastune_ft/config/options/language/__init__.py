"""Options of tasks whose models write texts: templates of dialogues, and how answers are generated.

Nothing here knows tokenizers or data.
"""
