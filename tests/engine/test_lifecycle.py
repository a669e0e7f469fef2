"""A stack's life on the real engine: what each change of the stack file touches, and what it must never touch."""

from collections.abc import Callable
from typing import Any

import pytest

from components.cloudflare_ranges import snapshot
from sandbox.engine.outcome import EngineFailed
from sandbox.engine.session import Sandbox
from tests.stack_files import stack_config

Edit = Callable[..., Sandbox]
"""Opens the fixture's sandbox with some of the stack file's keys changed."""

ROUTES = stack_config("sandbox")["honeydue:routes"]
HOSTS = [host for route in ROUTES for host in route["hosts"]]
SERVERS = stack_config("sandbox")["honeydue:servers"]


def names(touched: dict[str, set[str]]) -> dict[str, set[str]]:
    """The operations on each resource by its name; the stack itself and components only gather."""
    gathering = ("honeydue:index:", "pulumi:pulumi:Stack")
    return {
        urn.rpartition("::")[2]: operations
        for urn, operations in touched.items()
        if not urn.split("::")[2].rpartition("$")[2].startswith(gathering)
    }


def replaced(touched: dict[str, set[str]], kind: str = "") -> set[str]:
    """Names of the resources that are replaced (of a type)."""
    return {
        urn.rpartition("::")[2]
        for urn, operations in touched.items()
        if any("replace" in operation for operation in operations) and urn.split("::")[2].endswith(kind)
    }


def test_a_first_preview_needs_neither_cluster_nor_clouds(sandbox: Edit) -> None:
    stack = sandbox()
    planned = stack.preview()
    assert set(planned.changes) == {"create"}, planned.changes
    assert not stack.world.objects(), "a preview made something"


def test_what_was_made_needs_no_second_update_and_refresh_finds_no_drift(standing: Edit) -> None:
    stack = standing()
    planned = stack.preview(expect_no_changes=True)
    assert planned.nothing_changes
    assert names(stack.refresh().touched) == {}, "a refresh would take over what nobody changed"
    assert stack.preview(expect_no_changes=True).nothing_changes, "the refresh itself made a difference"


def test_one_more_host_touches_only_its_records_its_route_and_the_certificate(standing: Edit) -> None:
    routes = [{**ROUTES[0], "hosts": [*ROUTES[0]["hosts"], "new.sandbox.test"]}, *ROUTES[1:]]
    stack = standing({"honeydue:routes": routes})
    touched = names(stack.apply().touched)
    records = {f"new.sandbox.test-{server['name']}-{kind}" for server in SERVERS for kind in ("a", "aaaa")}
    certificates = {name: operations for name, operations in touched.items() if "-certificate-" in name}
    others = {"origin-1-request", "routes-cloudflare-origin-cert", "routes-honeydue-api-ingress"}
    assert set(touched) == records | set(certificates) | others
    assert sorted(map(list, certificates.values())) == [["create"], ["delete"]], certificates
    assert touched["routes-cloudflare-origin-cert"] == {"update"}, "for a moment no host would have a certificate"
    certificate = stack.world.objects("origin_ca_certificate")
    assert [item.data["hostnames"] for item in certificate] == [sorted([*HOSTS, "new.sandbox.test"])]


def test_a_change_of_user_data_replaces_nothing(standing: Edit) -> None:
    operators = ["198.18.0.10/32", "198.18.0.99/32"]
    outcome = standing({"honeydue:operators": operators}).apply()
    assert replaced(outcome.touched) == set()
    touched = names(outcome.touched)
    assert set(touched) == {"edge-firewall"} | {
        f"{server['name']}-{step}" for server in SERVERS for step in ("ufw-apply", "ufw-confirm", "recovery")
    }


@pytest.mark.parametrize(("key", "value"), [("image", "debian-12"), ("serverType", "cx43")])
def test_another_image_or_type_waits_for_the_servers_own_replacement(standing: Edit, key: str, value: str) -> None:
    assert standing({f"honeydue:{key}": value}).preview().nothing_changes


def test_replacing_replaces_one_server_and_evicts_it_first(standing: Edit) -> None:
    before = {item.name: item.data for item in standing().world.objects("primary_ip")}
    stack = standing({"honeydue:replacing": "node2"})
    outcome = stack.apply()
    assert replaced(outcome.touched, "hcloud:index/server:Server") == {"node2"}
    others = {name for name in replaced(outcome.touched) if not name.startswith("node2-")} - {"node2"}
    assert others == set(), "another node's resources went too"
    order = outcome.order("delete-replaced", "create-replacement")
    assert order.index(("delete-replaced", "node2-membership")) < order.index(("delete-replaced", "node2"))
    assert order.index(("delete-replaced", "node2")) < order.index(("create-replacement", "node2"))
    assert order.index(("create-replacement", "node2")) < order.index(("create-replacement", "node2-k3s"))
    after = {item.name: item.data for item in stack.world.objects("primary_ip")}
    assert {name: data["ipAddress"] for name, data in before.items()} == {
        name: data["ipAddress"] for name, data in after.items()
    }, "the new server answers elsewhere"
    assert stack.preview().nothing_changes, "the same request would replace the server again"
    after_it = standing().apply()
    assert replaced(after_it.touched, "hcloud:index/server:Server") == set()
    assert standing({"honeydue:replacing": "node2"}).preview().changes, "a second request must replace it again"


def test_a_second_server_in_one_update_is_refused_at_preview_already(standing: Edit) -> None:
    standing({"honeydue:replacing": "node2"}).apply()
    stack = standing({"honeydue:replacing": "node3", "honeydue:location": "nbg1"})
    with pytest.raises(EngineFailed) as refusal:
        stack.preview()
    assert "majority" in str(refusal.value) or "protect" in str(refusal.value), refusal.value
    asked = {call.verb for call in stack.world.calls(run=stack.world.run)}
    assert asked <= {"invoke"}, f"the refused preview changed a cloud: {asked}"


def test_destroy_is_refused_without_teardown_and_changes_nothing(standing: Edit) -> None:
    stack = standing()
    before = {(item.kind, item.id) for item in stack.world.objects()}
    with pytest.raises(EngineFailed):
        stack.destroy()
    assert {(item.kind, item.id) for item in stack.world.objects()} == before


def test_destroy_leaves_nothing(standing: Edit) -> None:
    stack = standing({"honeydue:teardown": True})
    stack.apply()
    stack.destroy()
    left = {item.kind for item in stack.world.objects()}
    assert left <= {"zone", "zone_setting", "authenticated_origin_pulls_settings", "certificate_authority"}, left
    switches = [item.data for item in stack.world.objects("authenticated_origin_pulls_settings")]
    assert not [data for data in switches if data.get("enabled")], "Cloudflare goes on with a certificate that is gone"
    assert not stack.export()["deployment"].get("resources")


def test_another_list_of_ranges_touches_the_locks_and_nothing_else(standing: Edit) -> None:
    known = snapshot()
    ipv4, ipv6 = [str(item) for item in known.ipv4[1:]], [str(item) for item in known.ipv6]
    ranges = {"source": "list", "ipv4": [*ipv4, "198.41.0.0/18"][:15], "ipv6": ipv6}
    outcome = standing({"honeydue:cloudflareRanges": ranges}).apply()
    steps = ("ufw-apply", "ufw-confirm", "recovery")
    hosts = {f"{server['name']}-{step}" for server in SERVERS for step in steps}
    assert set(names(outcome.touched)) == hosts | {
        "edge-firewall",
        "traefik-values",
        "traefik-rollout",
        "routes-middlewares-cloudflare-only",
    }
    assert replaced(outcome.touched) == set()


def test_what_was_changed_by_hand_is_found_and_put_right(standing: Edit) -> None:
    stack = standing()
    record = next(item for item in stack.world.objects("dns_record") if item.data["name"] == "admin.sandbox.test")
    stack.world.delete(record.kind, record.id)
    assert stack.preview().nothing_changes, "a plain preview does not look at the clouds"
    assert stack.refresh().touched, "the drift stays unseen"
    assert stack.up().changes == {"create": 1}
    assert stack.preview().nothing_changes


@pytest.mark.parametrize("fault", ["hcloud:429@3", "cloudflare:429@3", "cloudflare:503@3"])
def test_a_fault_that_the_provider_retries_is_not_seen(sandbox: Edit, fault: str) -> None:
    stack = sandbox(faults=[fault])
    stack.up()
    assert stack.preview().nothing_changes


@pytest.mark.parametrize("fault", ["hcloud:503@7", "hcloud:timeout@9", "hcloud:crash@8", "cloudflare:crash@4"])
def test_an_update_that_a_fault_stopped_goes_on_at_the_next_one(sandbox: Edit, fault: str) -> None:
    with pytest.raises(EngineFailed):
        sandbox(faults=[fault]).up()
    stack = sandbox()
    stack.up()
    assert stack.preview().nothing_changes
    assert_no_duplicates(stack)


def assert_no_duplicates(stack: Sandbox) -> None:
    """Each name of each kind stands once, and each object of the world belongs to the stack."""
    seen: dict[tuple[str, str], int] = {}
    for item in stack.world.objects():
        key = (item.kind, str(item.name))
        seen[key] = seen.get(key, 0) + 1
    twice = {key: count for key, count in seen.items() if count > 1 and key[0] != "dns_record"}
    assert not twice, f"left behind twice: {twice}"
    records: list[Any] = [
        (item.data["name"], item.data["type"], item.data["content"]) for item in stack.world.objects("dns_record")
    ]
    assert len(records) == len(set(records)), "a record stands twice"
