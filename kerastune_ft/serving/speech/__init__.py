"""A server of a model that writes down speech: OpenAI's transcriptions beside the routes of every model.

Nothing here imports TensorFlow but `run_transcriber`.
"""
