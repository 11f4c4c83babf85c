"""What a model answered for labelled examples, one file per kind of labels; what follows from it is in other rooms.

Outcomes come of what was measured or of the rows of predictions.csv, so that runs of earlier versions have them too.
"""
