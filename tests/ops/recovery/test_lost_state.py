"""A deleted state is written anew by the commands of docs/operations.md, on recorded servers."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.recovery.values import SIGNATURE
from tests.lost_state import commands
from tests.ops.recovery.conftest import STACK, Lost

IDENTITIES: Final = ("pulumi:providers:", "pulumi:index:Stash")
"""Types whose ids exist in the state only, so that new ones do no harm."""


REQUEST: Final = "origin-1-request"
"""The request of the origin certificate. It cannot be found again, and is not used again."""


def follow(lost: Lost, *, until: str = "") -> None:
    """Run the commands of the document; stop before the first that starts with `until`."""
    for command in commands(STACK):
        if until and command.startswith(until):
            return
        words = shlex.split(command)
        if words[:3] == ["python", "-m", "ops"]:  # the recorded cluster answers on loopback only
            words += ["--kubeconfig", str(lost.kubeconfig)]
        lost.checkout.run(*words)
        if lost.out.exists():
            assert lost.out.stat().st_mode & 0o777 == 0o600, "others can read the import file"


def changes(lost: Lost) -> int:
    """Return how many calls of the providers changed a cloud, a server or the cluster."""
    return sum(call.verb in ("create", "update", "delete") for call in lost.world.calls())


def test_the_documented_commands_write_a_state_with_which_the_preview_shows_no_change(lost: Lost) -> None:
    before = changes(lost)
    follow(lost, until="pulumi up")  # the preview among them runs with --expect-no-changes
    assert changes(lost) == before
    assert not lost.out.exists()
    assert not lost.document.exists()
    assert not [request for request in lost.endpoints.requests if request.split()[1] != "GET"]

    raw = lost.checkout.layout.state_file(STACK).read_text()
    assert "PRIVATE KEY" not in raw, "a private key is in the state in plain text"
    found = lost.resources()
    assert found.keys() == lost.state.keys()
    for urn, resource in lost.state.items():
        kind = resource["type"]
        if resource.get("id") and not kind.startswith(IDENTITIES) and not urn.endswith(("-recovery", REQUEST)):
            assert found[urn]["id"] == resource["id"], urn
        same_where_both_have_it(resource.get("inputs", {}), found[urn].get("inputs", {}), urn)
        if kind.startswith(("tls:", "random:", "command:")):
            assert as_compared(urn, found[urn]["outputs"]) == as_compared(urn, resource["outputs"]), urn


def test_the_update_after_the_import_restores_protection_order_and_outputs(lost: Lost) -> None:
    follow(lost)
    found = lost.resources()
    for urn, resource in lost.state.items():
        for option in ("protect", "dependencies", "deletedWith", "retainOnDelete", "resourceHooks", "parent"):
            assert unordered(found[urn].get(option)) == unordered(resource.get(option)), f"{option} of {urn}"
    stack = next(urn for urn in found if "pulumi:pulumi:Stack" in urn)
    assert found[stack]["outputs"] == lost.state[stack]["outputs"]


def test_the_stack_can_be_changed_after_the_recovery(lost: Lost) -> None:
    follow(lost)
    lost.checkout.edit(STACK, {"honeydue:rateLimit": {"average": 30, "burst": 40}, "honeydue:replacing": "hetzner2"})
    done = lost.checkout.run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK, "--json")
    assert done.returncode == 0
    servers = {item.name: item.id for item in lost.world.objects("server")}
    former = {resource["inputs"]["name"]: resource["id"] for resource in of_type(lost.state, "server:Server")}
    assert {name for name in servers if servers[name] != former[name]} == {"hetzner2"}


def test_the_search_can_be_repeated_and_gives_the_same_file(lost: Lost) -> None:
    lost.checkout.run("pulumi", "stack", "init", STACK)
    files = []
    for _ in range(2):
        assert lost.find().returncode == 0
        files.append(json.loads(lost.out.read_text()))
    assert sorted(map(json.dumps, files[0]["resources"])) == sorted(map(json.dumps, files[1]["resources"]))


def test_what_differs_between_stack_file_and_cloud_is_a_change_of_the_preview_and_not_hidden(lost: Lost) -> None:
    (firewall,) = lost.world.objects("firewall")
    lost.world.put("firewall", firewall.id, {**firewall.data, "rules": firewall.data["rules"][:1]})
    (server, *_) = lost.world.objects("server")
    lost.world.put("server", server.id, {**server.data, "labels": {**server.data["labels"], "ingress": "false"}})
    (middleware,) = [item for item in lost.world.objects("middleware") if item.name == "rate-limit"]
    changed = {**middleware.data, "spec": {"rateLimit": {"average": 1000}}}
    lost.world.put(middleware.kind, middleware.id, changed, place=middleware.place)

    follow(lost, until="pulumi preview")
    steps = preview(lost)
    assert steps == {"edge-firewall": "update", server.name: "update", "routes-middlewares-rate-limit": "update"}


def test_commands_that_differ_from_those_that_last_ran_are_listed_and_run_again_in_place(lost: Lost) -> None:
    lost.checkout.edit(STACK, {"honeydue:operators": ["198.18.0.10/32", "198.18.0.11/32"]})
    lost.checkout.run("pulumi", "stack", "init", STACK)
    done = lost.find("--format", "json")
    assert done.returncode == 0, done.stderr
    servers = ("hetzner1", "hetzner2", "hetzner3")
    again = {f"{name}-{part}" for name in servers for part in ("ufw-apply", "ufw-confirm", "recovery")}
    assert set(json.loads(done.stdout)["commandsThatRunAgain"]) == again
    lost.checkout.run(*shlex.split(commands(STACK)[2]))
    assert preview(lost) == {**dict.fromkeys(again, "update"), "edge-firewall": "update"}
    lost.checkout.run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
    lost.checkout.run("pulumi", "preview", "--stack", STACK, "--expect-no-changes")


def preview(lost: Lost) -> dict[str, str]:
    """Return the operation on each resource that a preview would change, by name."""
    content = json.loads(lost.checkout.run("pulumi", "preview", "--stack", STACK, "--json").stdout)
    return {step["urn"].rpartition("::")[2]: step["op"] for step in content["steps"] if step["op"] != "same"}


def of_type(state: Mapping[str, Any], suffix: str) -> Iterator[Any]:
    """Yield the resources whose type ends like this."""
    return (resource for resource in state.values() if resource["type"].endswith(suffix))


def unordered(value: Any) -> Any:
    """Return a list as a sorted one; the order of dependencies differs from run to run."""
    return sorted(value) if isinstance(value, list) else value


def as_compared(urn: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that must be the same again.

    The sandbox's plugins write no version of the schema. Of commands, only the kubeconfigs that they print are kept.
    """
    left_out = {"__meta"}
    if "command:" in urn and not urn.endswith("-kubeconfig"):
        left_out |= {"stdout", "stderr"}
    if urn.endswith(REQUEST):
        left_out |= {"certRequestPem"}
    return {key: value for key, value in outputs.items() if key not in left_out}


def same_where_both_have_it(before: Any, after: Any, place: str) -> None:
    """Compare two inputs, with the marks of secrets; the provider reads further inputs that the program leaves out."""
    if isinstance(before, dict) and isinstance(after, dict) and SIGNATURE not in before:
        for key in (before.keys() & after.keys()) - {"csr"}:
            same_where_both_have_it(before[key], after[key], f"{place}.{key}")
        return
    assert before == after, place
