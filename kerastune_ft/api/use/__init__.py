"""What is done with finished runs as functions, one file per subject, which `Run` and the commands call."""
