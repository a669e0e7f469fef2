"""What holds for all tests: none is judged by its time, and those that share real servers run on one worker."""

from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # xdist ships no types

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class OneStack(LoadScopeScheduling):  # type: ignore[misc] # as above
    """Each test by itself wherever there is time, but all of tests/edge in one place: they share one stack."""

    def _split_scope(self, nodeid: str) -> str:
        return "edge" if nodeid.startswith("tests/edge/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneStack:
    """Where several workers run."""
    return OneStack(config, log)
