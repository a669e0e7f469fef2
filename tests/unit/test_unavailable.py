"""A part that can't run is a failure in CI and a skip elsewhere."""

import pytest

from tests.unavailable import unavailable


@pytest.mark.parametrize(("environment", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_not_there_fails_in_ci_only(
    environment: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", environment)
    with pytest.raises(outcome, match="no root"):
        unavailable("servers", "no root")
