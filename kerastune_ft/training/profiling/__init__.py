"""Where the time of a run goes, for `run --profile`: measured on the way, without changing what is computed."""
