"""Scenarios that come with the package: one folder for each suite, data alone."""
