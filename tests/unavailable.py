"""What a machine can't have: elsewhere a reason to skip, in CI a failure."""

import os
from typing import NoReturn

import pytest


def unavailable(what: str, why: object) -> NoReturn:
    """Skip the test, or fail it where everything must run."""
    if os.environ.get("CI"):
        pytest.fail(f"there must be {what} in CI: {why}")
    pytest.skip(f"no {what}: {why}")
