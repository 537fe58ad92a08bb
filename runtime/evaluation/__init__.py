"""Evaluation: how often each of several controllers reaches its goals, on tasks that nobody was taught."""
