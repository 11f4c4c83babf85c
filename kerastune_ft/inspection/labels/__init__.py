"""Labels that are likely wrong, by what a linear model says that was not fitted to them; one file per kind of label."""
