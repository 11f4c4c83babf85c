"""Pictures of training examples as each phase will augment them (`plan --pictures`).

Nothing here changes a plan.
"""
