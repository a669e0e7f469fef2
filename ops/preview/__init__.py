"""Read a preview, summarise it for a reviewer, and judge it."""
