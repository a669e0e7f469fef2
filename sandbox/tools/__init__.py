"""What the sandbox runs and did not write: sources pinned by go.mod and go.sum, and how they become executables."""
