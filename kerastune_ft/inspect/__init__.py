"""Looking at data before there is a configuration, and at the runs there are."""
