"""Cross-validation: the same schedule on every division of the data, and an ensemble of the models.

It trains through `training`, fold by fold in one process, and prints nothing.
"""
