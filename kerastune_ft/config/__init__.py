"""What a run is asked to do: option models, their reading, and the facts they rest on, without TensorFlow."""
