"""Teaching a small model to follow codebooks: lessons out of a symbolic world, and training on them."""
