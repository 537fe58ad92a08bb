"""Measuring on public sets of tasks that nobody here wrote: their data is read from a folder, and never kept."""
