"""A server of a model that writes: OpenAI's chat completions and completions, with streaming, and a page to talk on.

Nothing here imports TensorFlow but `run_writer`.
"""
