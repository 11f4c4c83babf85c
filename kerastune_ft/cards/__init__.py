"""Model cards: what a model is, what it was trained and measured on, and what it is not for; files are read only."""
