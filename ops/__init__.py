"""Tools for operators: summaries of previews, and a guard against dangerous ones."""
