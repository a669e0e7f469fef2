"""The program's registrations, as tests/program records them."""

from tests.program.conftest import prod, recording, recordings

__all__ = ["prod", "recording", "recordings"]
