"""Whether probabilities mean what they say: the temperature that corrects them, and how far off they are.

NumPy alone; SciPy is imported when a temperature is fitted.
"""
