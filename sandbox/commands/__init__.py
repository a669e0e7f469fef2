"""What each command of the sandbox does and shows."""
