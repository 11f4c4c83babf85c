"""Loading examples with several inputs: a loader for each picture and text, and rows of numbers and words in memory."""
