"""A server of one model: TensorFlow Serving's REST, the Open Inference Protocol v2, and a page to try it on.

Nothing here imports TensorFlow but `run_model`, and no path in a request is ever opened.
"""
