"""Episode files as something to live with: tests made of them, comparison, tables, judging beyond success."""
