"""What can go wrong here, told in words that need no traceback."""


class SandboxError(Exception):
    """Something that the sandbox can't do; the text says what and how to go on."""
