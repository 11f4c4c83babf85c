"""What a folder, a table or an array file holds, and which columns look like inputs and labels.

Nothing here chooses models or schedules.
"""
