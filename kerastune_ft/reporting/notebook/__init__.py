"""What cells of a notebook show: calls at work, runs, plans and checks."""
