"""The symptoms of docs/operations.md, each provoked: what an operator sees is what the table says."""

import ipaddress
import json

from tests.edge.conftest import Stack
from tests.edge.objects import HOST, KNOWN, asked, ingress, objects, until

NAMESPACE = ("--namespace", "honeydue")


def test_404_no_route_has_this_host(stack: Stack) -> None:
    assert asked(stack, HOST) == 404


def test_404_a_router_names_a_middleware_that_is_missing(stack: Stack) -> None:
    with objects(stack, ingress("api")):
        assert until(stack, HOST, 200) == 200
        missing = ingress("api", middlewares="honeydue-missing@kubernetescrd")
        stack.kubectl(*NAMESPACE, "apply", "-f", "-", stdin=json.dumps(missing))
        assert until(stack, HOST, 404) == 404


def test_503_the_service_has_no_ready_endpoints(stack: Stack) -> None:
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 8000}]}
    empty = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}, "spec": spec}
    with objects(stack, empty, ingress("empty")):
        assert until(stack, HOST, 503) == 503


def test_502_the_pod_closes_the_connection(stack: Stack) -> None:
    assert asked(stack, KNOWN, "/close") == 502


def test_504_the_pods_address_does_not_answer(stack: Stack) -> None:
    # Another node's pod: node1 routes there, and that node lets the packets fall, as it does while it hangs.
    network = stack.kubectl("get", "node", "node2", "-o", "jsonpath={.spec.podCIDR}")
    address = str(ipaddress.ip_network(network)[250])
    fall = ("PREROUTING", "--table", "raw", "--destination", address, "--jump", "DROP")
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "silent"},
        "spec": {"ports": [{"port": 8000}]},
    }
    slice_ = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "silent", "labels": {"kubernetes.io/service-name": "silent"}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8000, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
    stack.run("node2", "iptables", "--append", *fall)
    try:
        with objects(stack, service, slice_, ingress("silent")):
            assert until(stack, HOST, 504) == 504
    finally:
        stack.run("node2", "iptables", "--delete", *fall)


def test_no_mixed_content_the_application_learns_that_it_was_https(stack: Stack) -> None:
    [answer] = stack.browse(KNOWN)
    assert answer.seen["headers"]["x-forwarded-proto"] == "https"
