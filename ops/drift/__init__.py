"""Compare what runs with the state of the stack and with the repository."""
