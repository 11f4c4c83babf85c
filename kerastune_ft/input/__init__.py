"""From an example of a data source to a batch of the model's input."""
