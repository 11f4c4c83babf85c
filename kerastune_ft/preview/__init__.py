"""Pictures of training examples, images and sounds, as each phase will augment them (`plan --pictures`).

Nothing here changes a plan.
"""
