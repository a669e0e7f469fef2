"""What holds for all tests: none is judged by its time, and those that share one stack run on one worker."""

from typing import Any, Final

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # xdist ships no types

SHARING: Final = (
    "tests/edge/",
    "tests/engine/test_readme.py",
    "tests/engine/test_rotation.py",
    "tests/ops/preview/test_real_previews.py",
    "tests/ops/preview/test_running.py",
    "tests/ops/recovery/",
    "tests/workflows/",
)
"""The tests below each of these share one stack."""

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class OneStack(LoadScopeScheduling):  # type: ignore[misc] # as above
    """Each test by itself wherever there is time, but all tests that share a stack in one place."""

    def _split_scope(self, nodeid: str) -> str:
        return next((start for start in SHARING if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStack:
    """Where several workers run."""
    return OneStack(config, log)
