"""Every registration of the real program is put before every policy, for all three stack files."""

from dataclasses import replace
from typing import Any

import pytest

from guardrails import Graph, Resource, Secret, Violation, judge
from tests.program.recorder import Recording, record


def resources(recording: Recording, *, standing: bool = False) -> list[Resource]:
    """A recording as the policies take it: the inputs, and if `standing` the computed outputs too."""
    return [
        Resource(
            urn=item.urn,
            type=item.type,
            name=item.name,
            properties={
                key: Secret(value) if key in item.secret_inputs else value
                for key, value in {**item.inputs, **(item.answered if standing else {})}.items()
            },
            protect=item.protect,
            ignore_changes=item.ignore_changes,
            depends=item.property_dependencies,
        )
        for item in recording.registrations
    ]


def judged(recording: Recording) -> list[Violation]:
    """Every violation of a recorded run."""
    return judge(resources(recording), resources(recording, standing=True))


def test_no_policy_refuses_the_stack_files_of_the_repository(recording: Recording) -> None:
    found = judged(recording)
    assert not found, "\n".join(str(violation) for violation in found)


def test_a_server_being_replaced_is_the_one_that_may_be_unprotected() -> None:
    assert not judged(record("prod", {"honeydue:replacing": "hetzner2"}))


def test_a_teardown_is_let_through() -> None:
    assert not judged(record("prod", {"honeydue:teardown": True}))


@pytest.mark.parametrize(
    ("type_", "change", "words"),
    [
        ("cloudflare:index/dnsRecord:DnsRecord", {"proxied": False}, "proxied"),
        ("hcloud:index/server:Server", {"firewallIds": []}, "firewall"),
        ("hcloud:index/primaryIp:PrimaryIp", {"autoDelete": True}, "autoDelete"),
        ("kubernetes:networking.k8s.io/v1:Ingress", {"spec": {"rules": []}}, "ingressClassName"),
    ],
)
def test_the_policies_do_look_at_the_programs_own_registrations(
    prod: Recording, type_: str, change: dict[str, Any], words: str
) -> None:
    graph = Graph(resources(prod))
    victim = graph.of(type_)[0]
    altered = [
        replace(item, properties={**item.properties, **change}) if item is victim else item for item in graph.resources
    ]
    found = [violation.message for violation in judge(altered)]
    assert any(words in message for message in found), found
