"""What backbones that write texts have beside others: the matrix of their vocabulary, and keras-hub's own model.

Nothing here knows data, templates or how texts are generated.
"""
