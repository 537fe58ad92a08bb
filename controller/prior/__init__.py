"""What a task's words alone tell of its plan: a prior over plans that needs no model, and that a model's odds are
multiplied with.
"""
