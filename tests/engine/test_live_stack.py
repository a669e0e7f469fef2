"""A stack that runs, on the real engine: the changes that it refuses, and those that touch nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.engine.outcome import EngineFailed
from sandbox.engine.session import Sandbox
from tests.engine.conftest import Sandboxes
from tests.engine.test_lifecycle import ROUTES, SERVERS, names, replaced

Edit = Callable[..., Sandbox]

NODES = [server["name"] for server in SERVERS]
WORKER = {"name": "worker", "privateIp": "10.0.1.21", "role": "agent"}


def standing_objects(stack: Sandbox) -> dict[tuple[str, str, str], Any]:
    """Everything in the clouds, on the servers and in the cluster."""
    return {(item.kind, item.place, item.id): item.data for item in stack.world.objects()}


def refused(stack: Sandbox, run: Callable[[], Any]) -> str:
    """The error of an operation that must change nothing."""
    before = standing_objects(stack)
    with pytest.raises(EngineFailed) as refusal:
        run()
    assert standing_objects(stack) == before, "it was refused after it had changed something"
    return str(refusal.value)


def without_preview(stack: Sandbox) -> None:
    """`pulumi destroy --run-program --skip-preview`, which is what the Automation API's destroy does."""
    stack._operate("destroy", lambda outcome: stack._stack.destroy(run_program=True, on_event=outcome.take))


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (
            {"honeydue:networkRange": "10.0.0.0/15"},
            "honeydue:networkRange: '10.0.0.0/15': this stack was deployed with",
        ),
        ({"honeydue:subnetRange": "10.0.0.0/22"}, "honeydue:subnetRange: '10.0.0.0/22': this stack was deployed with"),
        (
            {"honeydue:servers": [{**SERVERS[0], "privateIp": "10.0.1.99"}, *SERVERS[1:]]},
            "honeydue:servers[0].privateIp: '10.0.1.99': node1 was deployed with 10.0.1.11",
        ),
        ({"honeydue:user": "operator"}, "honeydue:user: 'operator': the servers were deployed with deploy"),
        ({"honeydue:namespace": "other"}, "honeydue:namespace: 'other': this stack was deployed with honeydue"),
        ({"honeydue:namespace": "kube-system"}, "honeydue:namespace: 'kube-system': must be"),
        ({"honeydue:k3sVersion": "v1.33.10+k3s1"}, "honeydue:k3sVersion: 'v1.33.10+k3s1': etcd refuses a downgrade"),
        ({"honeydue:originPulls": {"mode": "off"}}, "honeydue:originPulls.mode: 'off': "),
    ],
)
def test_a_key_that_must_not_change_is_refused_and_nothing_is_changed(
    standing: Edit, edits: dict[str, Any], said: str
) -> None:
    stack = standing(edits)
    assert said in refused(stack, stack.apply)


def test_a_role_never_changes(standing: Edit) -> None:
    standing({"honeydue:servers": [*SERVERS, WORKER]}).apply()
    more = [{"name": "extra", "privateIp": "10.0.1.22", "role": "server"}, {**WORKER, "role": "server"}]
    stack = standing({"honeydue:servers": [*SERVERS, *more]})
    assert "honeydue:servers[4].role: 'server': worker was deployed as agent" in refused(stack, stack.apply)


def test_a_minor_version_is_never_skipped(sandbox: Edit) -> None:
    sandbox({"honeydue:k3sVersion": "v1.33.10+k3s1"}).apply()
    stack = sandbox({"honeydue:k3sVersion": "v1.35.3+k3s1"})
    assert "Allowed next: v1.33.10+k3s1, v1.34.6+k3s1" in refused(stack, stack.apply)
    sandbox({"honeydue:k3sVersion": "v1.34.6+k3s1"}).apply()


@pytest.mark.parametrize("destroy", [Sandbox.destroy, without_preview])
def test_destroy_without_teardown_deletes_nothing(standing: Edit, destroy: Callable[[Sandbox], Any]) -> None:
    stack = standing()
    said = refused(stack, lambda: destroy(stack))
    assert "Refusing to destroy this stack: nothing was deleted." in said
    assert "set honeydue:teardown: true, run `pulumi up`, then `pulumi destroy --run-program`" in said
    assert stack.preview().nothing_changes


def test_an_update_that_would_delete_a_listed_server_is_refused(standing: Edit) -> None:
    stack = standing({"honeydue:location": "nbg1"})
    said = refused(stack, stack.apply)
    assert "Refusing to delete node" in said or "protect" in said


def test_two_servers_are_never_removed_in_one_update(standing: Edit) -> None:
    workers = [{**WORKER, "name": f"worker{number}", "privateIp": f"10.0.1.2{number}"} for number in (1, 2)]
    standing({"honeydue:servers": [*SERVERS, *workers]}).apply()
    with pytest.raises(EngineFailed, match=r"Refusing to delete worker\d: this update already deletes worker\d"):
        standing().preview()


@pytest.mark.parametrize(
    "edits",
    [
        {"honeydue:k3sVersion": "v1.35.3+k3s1"},
        {"honeydue:servers": [*SERVERS, WORKER]},
        {"honeydue:apiNode": "node2"},
    ],
)
def test_upgrades_added_servers_and_another_api_node_show_no_phantom_updates(
    standing: Edit, edits: dict[str, Any]
) -> None:
    stack = standing(edits)
    touched = stack.preview().touched
    objects = [urn for urn in names(touched) if urn.startswith(("routes-", "traefik-")) and urn != "traefik-rollout"]
    assert not objects, "a real change could not be told from these"
    stack.apply()
    assert stack.preview().nothing_changes


def test_another_api_node_and_the_replacement_of_the_former_one_take_one_update(standing: Edit) -> None:
    dead = standing().world.find("server", "sandbox-node1")
    assert dead is not None
    standing().world.put("server", dead.id, {**dead.data, "status": "off"})
    stack = standing({"honeydue:apiNode": "node2", "honeydue:replacing": "node1"})
    assert replaced(stack.apply().touched, "hcloud:index/server:Server") == {"node1"}
    assert stack.preview().nothing_changes
    standing({"honeydue:apiNode": "node2"}).apply()
    standing().apply()


def test_a_host_that_sorts_first_restarts_nothing(standing: Edit) -> None:
    routes = [*ROUTES, {"name": "first", "hosts": ["a.sandbox.test"], "service": "api", "port": 8000}]
    touched = names(standing({"honeydue:routes": routes}).apply().touched)
    assert "routes-first-ingress" in touched
    assert not [name for name in touched if name.startswith("traefik")]


def test_traefik_trusts_the_old_and_the_new_origin_pulls_certificate(standing: Edit) -> None:
    touched = names(standing({"honeydue:originPulls": {"mode": "required", "generation": 2}}).apply().touched)
    assert touched["pulls-2-presented"] == {"create"}
    assert touched["pulls-1-presented"] == {"delete"}
    assert not {"pulls-ca-key", "pulls-ca", "traefik-origin-pulls-ca", "traefik-tls-options"} & set(touched)


def test_origin_pulls_may_be_offered_and_only_a_teardown_switches_them_off(standing: Edit) -> None:
    stack = standing({"honeydue:originPulls": {"mode": "offered"}})
    stack.apply()
    (switch,) = stack.world.objects("authenticated_origin_pulls_settings")
    assert switch.data["enabled"] is True
    standing({"honeydue:teardown": True}).apply()
    (switch,) = stack.world.objects("authenticated_origin_pulls_settings")
    assert switch.data["enabled"] is False


def test_a_namespace_that_an_application_made_first_is_taken_over(sandbox: Sandboxes) -> None:
    routes = [{**ROUTES[0], "hosts": ["api.sandbox.test"]}]
    with pytest.raises(EngineFailed):  # the cluster runs, and its namespace does not exist yet
        sandbox({"honeydue:routes": routes}, faults=["kubernetes:503@1"]).apply()
    stack = sandbox({"honeydue:routes": routes})
    (cluster,) = stack.world.objects("k3s_cluster")
    name, application = "honeydue", {"labels": {"team": "application"}, "name": "honeydue", "uid": "0"}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": application}
    stack.world.put("namespace", name, manifest, place=cluster.id, provider="kubernetes", name=name)
    stack.apply()
    found = stack.world.get("namespace", name, place=cluster.id)
    assert found is not None
    assert found.data["metadata"]["labels"] == {"team": "application"}, "what the application set is gone"
    assert stack.preview().nothing_changes


def test_a_firewall_that_was_never_confirmed_is_applied_again(standing: Edit) -> None:
    edits = {"honeydue:operators": ["198.18.0.10/32", "198.18.0.77/32"]}
    with pytest.raises(EngineFailed) as failure:  # three times apply, three times confirm: the last one fails
        standing(edits, faults=["command:timeout@6"]).apply()
    (node,) = [name for name in NODES if f"{name}-ufw-confirm" in str(failure.value)]
    stack = standing(edits)
    armed = next(item for item in stack.world.objects("ufw_policy") if item.data["phase"] == "armed")
    assert armed.name == f"sandbox-{node}"
    stack.world.put("ufw_policy", armed.id, {**armed.data, "until": 0}, place=armed.place)  # so it has rolled back
    touched = set(names(stack.apply().touched)) - {f"{each}-recovery" for each in NODES}
    assert touched == {f"{node}-ufw-apply", f"{node}-ufw-confirm"}
    assert stack.preview().nothing_changes, "the number of the attempt must stay"


def test_a_silent_server_is_explained_by_operators_and_this_machines_address(standing: Edit) -> None:
    server = standing().world.find("server", "sandbox-node2")
    assert server is not None
    standing().world.put("server", server.id, {**server.data, "status": "off"})
    with pytest.raises(EngineFailed) as failure:
        standing({"honeydue:operators": ["198.18.0.11/32"]}).apply()
    said = failure.value.outcome.stdout
    assert "after 18 failed attempts: dial tcp" in said
    assert "node2-ufw-apply: cannot connect to" in said
    assert "is not among honeydue:operators (198.18.0.11/32), so the firewalls drop its packets" in said


def test_a_program_that_changed_is_copied_once_and_shows_which_one(
    standing: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components import host_programs  # noqa: PLC0415 - patched for this run of the program

    text = host_programs.source("rollout") + "# another version\n"
    source = host_programs.source
    host_programs.stem.cache_clear()
    monkeypatch.setattr(host_programs, "source", lambda name: text if name == "rollout" else source(name))
    try:
        with pytest.raises(EngineFailed) as refusal:  # the policies read the file, which did not change
            standing().preview()
        assert {item.policy for item in refusal.value.outcome.violations} == {"commands-are-known"}
        stack = replace(standing(), policies=())
        touched = names(stack.apply().touched)
    finally:
        host_programs.stem.cache_clear()
    documents = {f"{node}-recovery" for node in NODES}  # they contain a digest of each command
    assert set(touched) == {f"{node}-programs" for node in NODES} | {"traefik-rollout"} | documents
    state = {entry["urn"].rpartition("::")[2]: entry for entry in stack.export()["deployment"]["resources"]}
    assert "rollout-" in json.dumps(state["node1-programs"]["inputs"]["create"])
