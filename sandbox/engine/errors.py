"""What can go wrong here, told in words that need no traceback."""

from pathlib import Path


class SandboxError(Exception):
    """Something that the sandbox can't do; the text says what and how to go on."""


def broken(file: Path, why: object) -> SandboxError:
    """One of the sandbox's own files can't be read."""
    told = " ".join(str(why).split())
    return SandboxError(
        f"{file} is broken ({told}); `python -m sandbox down` sweeps all away, so that `up` begins anew"
    )
