"""What a call is given, and answers in its form: data, a model, names, and predictions with the index of the data."""
