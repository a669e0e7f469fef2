"""Stack files: a new one from a few answers, and the values that travel from one to another."""
