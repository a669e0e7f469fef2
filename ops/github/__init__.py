"""Comments, issues and pull requests on GitHub: one of each per key, updated in place."""
