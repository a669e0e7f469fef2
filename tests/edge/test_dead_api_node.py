"""The control plane that the kubeconfig points at, without power: an explained failure, then its replacement."""

from tests.edge.conftest import Stack

HOST = "canary.sandbox.test"


def test_a_dead_api_node_is_replaced_by_one_update_that_names_another(stack: Stack) -> None:
    """apiNode and replacing together, as docs/operations.md says; until then an update fails and says why."""
    record, address = stack.record("node1"), stack.addresses("node1")[0]
    stack.box().world.put("server", record.id, {**record.data, "status": "off"})  # so that `up` does not boot it
    stack.machine("node1").power_off()
    one_more = {"honeydue:operators": ["198.18.0.10/32", "2001:2:0:ffff::/64", "198.18.0.77/32"]}
    failed = stack.box.command("up", edits=one_more)
    assert failed.returncode == 1
    assert f"after 18 failed attempts: dial tcp {address}:22: i/o timeout" in failed.stderr + failed.stdout
    assert f"node1-ufw-apply: cannot connect to {address} over SSH. This machine's address, 198.18.0.10, is among " in (
        failed.stderr + failed.stdout
    )
    stack.up({"honeydue:apiNode": "node2", "honeydue:replacing": "node1"})
    assert stack.record("node1").id != record.id, "it was not replaced"
    ready = ["wait", "--for=condition=Ready", "--timeout=90s", "node/node1"]
    stack.kubectl(*ready, node="node2")
    [answer] = stack.edge().ask(HOST, address=address)
    assert answer.status == 200, f"the new server does not serve: {answer.body}"
    stack.up()
