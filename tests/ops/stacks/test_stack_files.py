"""The repository's stack files, the table of keys, and the assumptions about secrets."""

import pytest

from components.config import ConfigError
from components.settings import Route, Settings
from ops.stacks.files import all_in
from ops.stacks.loading import SECRETS, load, load_for_comparison
from ops.stacks.neighbours import conflicts
from ops.stacks.travel import ROUTE, SETTINGS
from sandbox.engine.layout import ROOT
from tests.stack_files import SECRET_KEYS, STACKS

FILES = {file.stack: file for file in all_in(ROOT)}


def test_every_stack_file_of_the_repository_loads() -> None:
    """A new stack file in the repository is covered by this test as soon as it exists."""
    assert set(STACKS) <= set(FILES)
    for file in FILES.values():
        assert load_for_comparison(file).hosts


def test_two_stack_files_share_no_zone_and_no_host() -> None:
    for file in FILES.values():
        config = load_for_comparison(file)
        others = [other for other in FILES.values() if other is not file]
        found = list(conflicts(config.zone, config.hosts, config.network_range, others))
        keys = {problem.key for problem in found}
        assert keys <= ({"honeydue:networkRange"} if file.stack in ("prod", "sandbox") else set()), found


def test_every_key_has_a_rule() -> None:
    assert set(SETTINGS) == set(Settings.keys())
    assert set(ROUTE) == set(Route.keys())


def test_the_assumed_secrets_are_all_secrets_and_have_the_right_form() -> None:
    assert set(SECRETS) == set(SECRET_KEYS)
    values = FILES["sandbox"].values
    assert load("sandbox", values).zone == "sandbox.test"
    assert load("sandbox", {**values, **{key: {"secure": "v1:x"} for key in SECRETS}}).zone == "sandbox.test"
    with pytest.raises(ConfigError) as refusal:
        load("sandbox", {**values, **SECRETS})
    assert {problem.key for problem in refusal.value.problems} == set(SECRETS)


def test_loading_leaves_the_settings_of_this_process_alone() -> None:
    import pulumi  # noqa: PLC0415 - its settings are what is compared

    before = pulumi.get_stack(), pulumi.get_project(), pulumi.Config("honeydue").get("zone")
    load("sandbox", FILES["sandbox"].values)
    assert (pulumi.get_stack(), pulumi.get_project(), pulumi.Config("honeydue").get("zone")) == before
