"""Decisions kept, to be served again where the very same is to be decided."""
