"""Real examples of a run in the form in which users give them: one file per modality."""
