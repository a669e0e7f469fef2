"""Checks of what a stack needs, with a remedy for each failure. `before/` has those before the first update."""
