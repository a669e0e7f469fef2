"""renovate.json finds the versions that it must keep together."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.versions import K3S_RELEASES
from sandbox.engine.find import NEEDED
from sandbox.engine.layout import ROOT
from sandbox.tools import binaries, crds

CONFIG: Final[dict[str, Any]] = json.loads((ROOT / "renovate.json").read_text())
FILES: Final = [
    path for path in ROOT.rglob("*") if path.is_file() and not {".venv", ".sandbox", ".git"} & {*path.parts}
]


def python(pattern: str) -> str:
    """A pattern of RE2, which is what Renovate uses, in Python's words."""
    return pattern.replace("(?<", "(?P<")


def matched(patterns: list[str]) -> list[Path]:
    """The files of the repository that Renovate would read."""
    assert all(pattern.startswith("/") and pattern.endswith("/") for pattern in patterns), "a regex, not a glob"
    relative = [path.relative_to(ROOT) for path in FILES]
    return [path for path in relative if any(re.search(pattern[1:-1], path.as_posix()) for pattern in patterns)]


def found(name: str, file: str) -> list[str]:
    """The versions that the custom managers of a dependency find in a file."""
    managers = [each for each in CONFIG["customManagers"] if each["depNameTemplate"] == name]
    assert managers
    return [
        match["currentValue"]
        for manager in managers
        if Path(file) in matched(manager["managerFilePatterns"])
        for pattern in manager["matchStrings"]
        for match in re.finditer(python(pattern), (ROOT / file).read_text())
    ]


def test_every_release_of_the_catalogue_is_found_with_its_traefik_and_chart() -> None:
    file = "components/versions.py"
    assert {*found("k3s-io/k3s", file)} == {*K3S_RELEASES}
    assert {*found("traefik/traefik", file)} == {each.traefik for each in K3S_RELEASES.values()}
    charts = {each.chart.partition("+up")[2] for each in K3S_RELEASES.values()}
    assert {*found("traefik/traefik-helm-chart", file)} == charts


@pytest.mark.parametrize("stack", ["prod", "staging", "sandbox"])
def test_the_release_that_a_stack_names_is_found(stack: str) -> None:
    file = f"Pulumi.{stack}.yaml"
    named = yaml.safe_load((ROOT / file).read_text())["config"].get("honeydue:k3sVersion")
    assert found("k3s-io/k3s", file) == ([named] if named else [])


def test_the_default_release_is_found() -> None:
    (default,) = found("k3s-io/k3s", "Pulumi.yaml")
    assert default in K3S_RELEASES


def test_the_releases_have_the_form_of_their_versioning() -> None:
    (manager,) = (each for each in CONFIG["customManagers"] if each["depNameTemplate"] == "k3s-io/k3s")
    versioning = manager["versioningTemplate"].removeprefix("regex:")
    assert all(re.fullmatch(python(versioning), release) for release in K3S_RELEASES)


def test_the_oldest_engine_is_found() -> None:
    assert found("pulumi", "sandbox/engine/find.py") == [str(NEEDED)]


def test_the_three_versions_of_the_catalogue_are_in_one_pull_request() -> None:
    names = ["k3s-io/k3s", "traefik/traefik", "traefik/traefik-helm-chart"]
    (group,) = (rule for rule in CONFIG["packageRules"] if rule.get("groupName") == "k3s catalogue")
    assert group["matchDepNames"] == names
    assert group["automerge"] is False


def test_the_compiled_requirements_are_compiled_again_and_not_edited() -> None:
    assert sorted(map(str, matched(CONFIG["pip-compile"]["managerFilePatterns"]))) == [
        "requirements-dev.txt",
        "requirements.txt",
    ]
    assert CONFIG["pip_requirements"]["enabled"] is False
    for name in ("requirements", "requirements-dev"):
        command = (ROOT / f"{name}.txt").read_text().splitlines()[1]
        # Renovate reads the header. It refuses options that it does not know, and values without an equals sign.
        options = f"--generate-hashes --python-version=3.11 --output-file={name}.txt"
        assert command == f"#    uv pip compile {options} {name}.in"


def test_every_module_of_a_go_tool_is_updated_although_it_is_indirect() -> None:
    (rule,) = (rule for rule in CONFIG["packageRules"] if rule.get("matchDepTypes") == ["indirect"])
    origins = {source.origin for source in (*binaries.SOURCES, crds.HELM)}
    engine = {"github.com/pulumi/pulumi/pkg/v3", "github.com/pulumi/pulumi/sdk/v3"}
    assert {*rule["matchPackageNames"]} == origins | engine
