"""The checks before the first update: one module per group, in the order in which they run."""
