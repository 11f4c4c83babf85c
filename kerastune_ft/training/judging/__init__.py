"""What is asked of a finished run beyond its metrics: thresholds, costs, sets, subgroups, views, worst examples."""
