"""Nodes and Traefik against the state and the catalogue: each difference is named, and nothing is guessed."""

import json
from typing import Any

import pytest

from ops.drift.cluster import compare_cluster
from ops.drift.findings import Finding
from ops.drift.state import Connection, read
from tests.ops.drift.cluster import daemonset, nodes
from tests.ops.drift.exported import export, server

HERE = Connection(host="127.0.0.1", user="deploy", host_key="ssh-ed25519 AAAA", private_key="none")


def compared(*, given: Any = None, traefik: Any = None, version: str = "v1.34.6+k3s1") -> list[Finding]:
    """The findings about a stack with the servers a and b."""
    state = read(export(server("a", HERE, version=version), server("b", HERE, version=version), api=HERE))
    found = nodes("a", "b") if given is None else given
    chart = daemonset(2) if traefik is None else traefik

    def run(command: str, _stdin: str) -> str:
        return json.dumps(chart if "daemonset" in command else found)

    return list(compare_cluster(state, state.servers[0], run, set()))


def test_a_cluster_as_the_catalogue_and_the_state_have_it_differs_in_nothing() -> None:
    assert compared() == []
    assert compared(traefik=daemonset(2, image="traefik:v3.6.10@sha256:" + "0" * 64)) == []


@pytest.mark.parametrize(
    ("given", "traefik", "what"),
    [
        (nodes("a"), None, "the cluster has no node of this name"),
        (nodes("a", "b", "c"), None, "the cluster has a node that is no server of the stack"),
        (None, daemonset(2, chart="traefik-40.1.4_up40.1.0"), "the chart is traefik-40.1.4_up40.1.0, not traefik-39"),
        (None, daemonset(2, image="traefik:3.7.8"), "Traefik's image is traefik:3.7.8, not release 3.6.10"),
        (None, daemonset(2, image="traefik"), "Traefik's image is traefik, not release 3.6.10"),
        (None, daemonset(2, digest="none"), "Traefik runs with the values none, not 0123456789abcdef"),
        (None, daemonset(2, available=1), "of 2 pods, 2 are up to date and 1 are available"),
        (None, daemonset(0), "of 0 pods"),
        (None, {}, "the cluster has no DaemonSet traefik"),
    ],
)
def test_each_difference_is_one_finding(given: Any, traefik: Any, what: str) -> None:
    [found] = compared(given=given, traefik=traefik)
    assert found.checked
    assert what in found.what


def test_a_release_that_the_catalogue_does_not_have_is_not_guessed() -> None:
    [found] = compared(version="v1.99.0+k3s1")
    assert not found.checked
    assert "components/versions.py has no release v1.99.0+k3s1" in found.what


@pytest.mark.parametrize("answer", [{"items": [{}]}, [], {"items": "none"}])
def test_an_answer_of_another_form_is_an_error_and_no_clean_cluster(answer: Any) -> None:
    with pytest.raises(ValueError, match="another form"):
        compared(given=answer)
