"""The fixtures of the engine's tests: an engine, a fresh sandbox, and one in which the stack is up."""

from tests.engine.conftest import engine, sandbox, standing, stood_up

__all__ = ["engine", "sandbox", "standing", "stood_up"]
