"""Stack files: the repository's three are accepted, and each mistake is reported with key, value and remedy."""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import zip_longest
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from components.config import ConfigError, StackConfig
from tests.program.recorder import configure
from tests.stack_files import SECRET_KEYS, STACKS, committed_config, generated_secrets, stack_config


def load(
    stack: str = "prod",
    changes: dict[str, Any] | None = None,
    *,
    secret_keys: tuple[str, ...] = SECRET_KEYS,
) -> StackConfig:
    """Load the config of a stack file with changes. Keys without a prefix are the project's; None removes a key."""
    config = {**stack_config(stack), **generated_secrets()}
    config |= {key if ":" in key else f"honeydue:{key}": value for key, value in (changes or {}).items()}
    config = {key: value for key, value in config.items() if value is not None}
    monitor = mocks.MockMonitor(_NoClouds())
    configure(stack, config, [key for key in secret_keys if key in config], monitor)
    return StackConfig.load()


class _NoClouds(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"loading the config registered {args.typ}")

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"loading the config called {args.token}")


def servers(*changes: dict[str, Any], count: int = 3) -> list[dict[str, Any]]:
    """Return `count` servers, with changes to the first ones."""
    rows: list[dict[str, Any]] = [
        {"name": f"hetzner{number}", "privateIp": f"10.0.1.1{number}"} for number in range(1, count + 1)
    ]
    return [{**row, **change} for row, change in zip_longest(rows, changes, fillvalue=dict[str, Any]())]


def route(**changes: Any) -> list[dict[str, Any]]:
    """Return a list with one route of the zone, changed."""
    return [{"name": "api", "hosts": ["api.myhoneydue.com"], "service": "api", "port": 8000} | changes]


@pytest.mark.parametrize("stack", STACKS)
def test_the_repositorys_stack_files_are_accepted_once_operators_are_set(stack: str) -> None:
    config = load(stack)

    assert config.hosts, f"Pulumi.{stack}.yaml has no host to serve"
    assert config.prefix == ("" if stack == "prod" else f"{stack}-"), "names of two stacks would collide in one project"


@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_a_committed_stack_file_lacks_only_the_operators(stack: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(stack, committed_config(stack))

    (problem,) = refusal.value.problems
    assert problem.key == "honeydue:operators"
    assert "add the public IPv4 address you connect from" in str(refusal.value), "the operator must know what to do"


def test_the_sandboxs_stack_file_is_accepted_unchanged() -> None:
    assert load("sandbox", committed_config("sandbox")).operators, "the sandbox would hide that its file is incomplete"


def test_production_matches_the_design() -> None:
    config = load("prod")

    assert config.zone == "myhoneydue.com"
    assert [server.name for server in config.servers] == ["hetzner1", "hetzner2", "hetzner3"]
    assert {item.name: (item.hosts, item.service, item.port) for item in config.routes} == {
        "honeydue-api": (("api.myhoneydue.com", "myhoneydue.com"), "api", 8000),
        "honeydue-admin": (("admin.myhoneydue.com",), "admin", 3000),
    }


BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a host outside the zone": (
        {"routes": route(hosts=["api.example.com"])},
        ["honeydue:routes[0].hosts[0]", "'api.example.com'", "myhoneydue.com and names under it"],
    ),
    "a host that only ends like the zone": (
        {"routes": route(hosts=["api.notmyhoneydue.com"])},
        ["'api.notmyhoneydue.com'", "outside the zone"],
    ),
    "a host twice": (
        {"routes": [*route(), *route(name="again")]},
        ["honeydue:routes[1].hosts[0]", "'api.myhoneydue.com'", "each host may belong to one route only"],
    ),
    "an upper-case host": ({"routes": route(hosts=["API.myhoneydue.com"])}, ["'API.myhoneydue.com'", "lower-case"]),
    "no routes": ({"routes": []}, ["honeydue:routes", "at least one route"]),
    "an even number of servers": ({"servers": servers(count=2)}, ["honeydue:servers", "2 control planes", "odd"]),
    "no servers": ({"servers": []}, ["honeydue:servers", "odd"]),
    "two servers with one private IP": (
        {"servers": servers({}, {"privateIp": "10.0.1.11"})},
        ["honeydue:servers[1].privateIp", "'10.0.1.11'", "may belong to one server only"],
    ),
    "two servers with one name": (
        {"servers": servers({}, {"name": "hetzner1"})},
        ["honeydue:servers[1].name", "'hetzner1'", "each name must be unique"],
    ),
    "an IP outside the subnet": (
        {"servers": servers({"privateIp": "10.0.2.11"})},
        ["honeydue:servers[0].privateIp", "'10.0.2.11'", "10.0.1.0/24"],
    ),
    "the gateway's address": ({"servers": servers({"privateIp": "10.0.1.1"})}, ["'10.0.1.1'", "gateway"]),
    "an invalid address": ({"servers": servers({"privateIp": "10.0.1"})}, ["servers[0].privateIp", "'10.0.1'"]),
    "a network with host bits": (
        {"networkRange": "10.0.0.1/16"},
        ["honeydue:networkRange", "10.0.0.1/16", "host bits"],
    ),
    "a public network": ({"networkRange": "8.8.0.0/16", "subnetRange": "8.8.1.0/24"}, ["networkRange", "RFC 1918"]),
    "a subnet outside the network": ({"subnetRange": "10.9.1.0/24"}, ["subnetRange", "10.9.1.0/24"]),
    "a number for a network": ({"networkRange": 7}, ["honeydue:networkRange", "'7'", "10.0.0.0/16"]),
    "a number for an address": (
        {"servers": servers({"privateIp": 167772427})},
        ["honeydue:servers[0].privateIp", "167772427", "10.0.1.11"],
    ),
    "a boolean for an operator": ({"operators": [True]}, ["honeydue:operators[0]", "'True'"]),
    "operators from everywhere": ({"operators": ["0.0.0.0/0"]}, ["honeydue:operators[0]", "0.0.0.0/0", "too broad"]),
    "operators from every IPv6": ({"operators": ["::/0"]}, ["honeydue:operators[0]", "::/0", "too broad"]),
    "no operators": ({"operators": []}, ["honeydue:operators: []", "the list is empty", "add the public IPv4 address"]),
    "an operator at a documentation address": (
        {"operators": ["198.18.0.10/32", "203.0.113.10/32"]},
        [
            "honeydue:operators[1]: '203.0.113.10/32'",
            "reserved for documentation (RFC 5737)",
            "the public addresses you",
        ],
    ),
    "operators with IPv6 addresses only": (
        {"operators": ["2001:2:0:ffff::/64", "2a01:4f8::/32"]},
        ["honeydue:operators: ['2001:2:0:ffff::/64'", "IPv6 ranges only", "add the public IPv4 address"],
    ),
    "operators that add up to more than sixteen of the broadest ranges": (
        {"operators": [f"50.{second}.0.0/16" for second in range(17)]},
        ["honeydue:operators: ['50.0.0.0/16'", "the IPv4 ranges together are more than a /12; list fewer addresses"],
    ),
    "origin pulls that are off": (
        {"originPulls": {"mode": "off"}},
        ["honeydue:originPulls.mode: 'off'", "'offered' or 'required'"],
    ),
    "a route without middlewares": (
        {"routes": route(middlewares=[])},
        ["honeydue:routes[0].middlewares: []", "at least 1"],
    ),
    "an unknown middleware": (
        {"routes": route(middlewares=["rate-limits"])},
        ["honeydue:routes[0].middlewares[0]", "'rate-limits'", "rate-limit"],
    ),
    "an admin route without auth": (
        {"routes": route(admin=True)},
        ["honeydue:routes[0].middlewares", "an admin route must include admin-auth"],
    ),
    "another route to the Service of an admin route without auth": (
        {
            "routes": [
                *route(admin=True, service="backoffice", middlewares=["admin-auth"]),
                {
                    **route()[0],
                    "name": "second",
                    "hosts": ["b.myhoneydue.com"],
                    "canary": {"service": "backoffice", "weight": 1},
                },
            ]
        },
        ["honeydue:routes[1].middlewares", "a route to backoffice, which an admin route uses, must include admin-auth"],
    ),
    "a bad weight": (
        {"routes": route(canary={"service": "next", "weight": 101})},
        ["honeydue:routes[0].canary.weight", "101", "99"],
    ),
    "two canaries over one service, only one of them sticky": (
        {
            "routes": [
                *route(canary={"service": "next", "weight": 10}),
                *route(
                    name="other", hosts=["other.example.com"], sticky="visitor", canary={"service": "x", "weight": 1}
                ),
            ]
        },
        ["honeydue:routes[1].sticky", "'visitor'", "honeydue:routes[0]", "api:8000", "allowed: no sticky"],
    ),
    "an unknown ingress class": (
        {"routes": route(ingressClass="nginx")},
        ["honeydue:routes[0].ingressClass", "'nginx'", "traefik"],
    ),
    "a route without a middleware that its class requires": (
        {
            "ingressClasses": [{"name": "traefik", "requiredMiddlewares": ["admin-auth"]}],
            "routes": route(),
        },
        ["honeydue:routes[0].middlewares", "requires admin-auth"],
    ),
    "an unknown key": ({"routs": []}, ["honeydue:routs", "unknown", "routes"]),
    "an unknown key inside a list": (
        {"routes": route(prot=1)},
        ["honeydue:routes[0].prot", "unknown; allowed: admin, canary, clientCertificates, hosts"],
    ),
    "an unknown key inside an object in a list": (
        {"routes": route(canary={"service": "next", "weight": 10, "wait": 1})},
        ["honeydue:routes[0].canary.wait", "unknown; allowed: port, service, weight"],
    ),
    "a boolean for a number": ({"routes": route(port=True)}, ["honeydue:routes[0].port", "True", "must be a number"]),
    "text that begins like JSON": ({"namespace": "[x"}, ["honeydue:namespace", "'[x'", "DNS label"]),
    "an invalid service name": ({"routes": route(service="8api")}, ["routes[0].service", "'8api'", "a letter"]),
    "root as the user": ({"user": "root"}, ["honeydue:user", "'root'", "other than root"]),
    "an installer over plain http": (
        {"k3sInstaller": "http://get.k3s.io/install.sh"},
        ["honeydue:k3sInstaller", "get.k3s.io", "https"],
    ),
    "an installer over plain http at a public address": (
        {"k3sInstaller": "http://1.1.1.1/install.sh"},
        ["honeydue:k3sInstaller", "1.1.1.1", "https"],
    ),
    "a missing key": ({"zone": None}, ["honeydue:zone", "missing"]),
    "an empty range list": (
        {"cloudflareRanges": {"source": "list", "ipv4": [], "ipv6": []}},
        ["honeydue:cloudflareRanges", "empty"],
    ),
    "a range that is too broad": (
        {"cloudflareRanges": {"source": "list", "ipv4": ["104.0.0.0/5"], "ipv6": ["2400:cb00::/32"]}},
        ["honeydue:cloudflareRanges", "104.0.0.0/5", "/8"],
    ),
    "ranges that are not used": (
        {"cloudflareRanges": {"source": "snapshot", "ipv4": ["104.16.0.0/13"]}},
        ["honeydue:cloudflareRanges", "source: list"],
    ),
    "a k3s version without a known chart": (
        {"k3sVersion": "v1.36.0+k3s1"},
        ["honeydue:k3sVersion", "'v1.36.0+k3s1'", "v1.34.6+k3s1"],
    ),
    "a name that is not a DNS label": (
        {"servers": servers({"name": "Hetzner_1"})},
        ["honeydue:servers[0].name", "'Hetzner_1'", "DNS label"],
    ),
    "a route's name that is not a DNS label": ({"routes": route(name="a.b")}, ["honeydue:routes[0].name", "'a.b'"]),
    "a server type that is no longer sold": ({"serverType": "cx22"}, ["honeydue:serverType", "'cx22'", "cx23"]),
    "a server type not sold there": (
        {"serverType": "cx33", "location": "ash"},
        ["honeydue:serverType", "'cx33'", "not sold at ash"],
    ),
    "an unknown location": ({"location": "nbg2"}, ["honeydue:location", "'nbg2'", "nbg1"]),
    "an unknown image": ({"image": "ubuntu"}, ["honeydue:image", "'ubuntu'", "ubuntu-24.04"]),
    "a burst that never limits": ({"rateLimit": {"average": 20, "burst": 200}}, ["honeydue:rateLimit", "200", "40"]),
    "a server to replace that does not exist": (
        {"replacing": "hetzner9"},
        ["honeydue:replacing", "'hetzner9'", "the servers are hetzner1"],
    ),
    "replacing the API node": ({"replacing": "hetzner1"}, ["honeydue:replacing", "'hetzner1'", "apiNode"]),
    "an agent as API node": (
        {"servers": [*servers(), {"name": "worker", "privateIp": "10.0.1.21", "role": "agent"}], "apiNode": "worker"},
        ["honeydue:apiNode", "'worker'", "the control planes are hetzner1"],
    ),
    "no server in DNS": (
        {"servers": servers({"ingress": False}, {"ingress": False}, {"ingress": False})},
        ["honeydue:servers", "ingress"],
    ),
    "a missing secret": (
        {"hcloud:token": None},
        ["hcloud:token", "missing", "pulumi config set --secret hcloud:token"],
    ),
    "missing admin users": ({"adminUsers": None}, ["honeydue:adminUsers", "missing", "--secret"]),
}


@pytest.mark.parametrize(("changes", "words"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_reported_with_its_remedy(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(changes=changes)

    text = str(refusal.value)
    missing = [word for word in words if word not in text]
    assert not missing, f"the message lacks {missing}:\n{text}"
    assert "nothing was changed" in text


@pytest.mark.parametrize(
    ("operator", "reserved"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("198.51.100.255/32", "198.51.100.0/24"),
        ("203.0.112.0/23", "203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8:ffff::/64", "2001:db8::/32"),
        ("3fff:fff:ffff::/48", "3fff::/20"),
    ],
)
def test_a_range_that_overlaps_a_documentation_range_is_refused(operator: str, reserved: str) -> None:
    with pytest.raises(ConfigError, match=rf"overlaps {reserved}, which is reserved for documentation"):
        load(changes={"operators": ["198.18.0.10/32", operator]})


@pytest.mark.parametrize(
    "operator", ["192.0.3.0/24", "203.0.112.0/24", "198.18.0.0/16", "2001:db9::/32", "3fff:1000::/32"]
)
def test_a_range_next_to_a_documentation_range_is_accepted(operator: str) -> None:
    assert operator in map(str, load(changes={"operators": ["198.18.0.10/32", operator]}).operators)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as refusal:
        load(
            changes={
                "operators": ["0.0.0.0/0"],
                "servers": servers({"name": "Bad_Name"}, {"privateIp": "10.9.9.9"}),
                "routes": route(hosts=["elsewhere.org"], canary={"service": "next", "weight": 0}),
                "k3sVersion": "v9",
                "cloudflare:apiToken": None,
            }
        )

    keys = {problem.key for problem in refusal.value.problems}
    assert keys >= {
        "honeydue:operators[0]",
        "honeydue:servers[0].name",
        "honeydue:servers[1].privateIp",
        "honeydue:routes[0].hosts[0]",
        "honeydue:routes[0].canary.weight",
        "honeydue:k3sVersion",
        "cloudflare:apiToken",
    }, "a mistake stays hidden until the others are fixed"


WRONG: tuple[Any, ...] = (7, True, "é", [], [[]], [None], ["x", 7], {}, {"a": {"b": []}})
"""Values of every type; each is accepted or reported in every place."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every value in a stack file, for the first two elements of each list."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


SANDBOX = {key: value for key, value in stack_config("sandbox").items() if key.startswith("honeydue:")}


@pytest.mark.parametrize("path", list(places(SANDBOX)), ids=lambda path: ".".join(map(str, path)))
def test_no_value_of_a_wrong_type_causes_a_traceback(path: tuple[Any, ...]) -> None:
    for wrong in WRONG:
        changed = deepcopy(SANDBOX)
        target: Any = changed
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = wrong
        with suppress(ConfigError):
            load("sandbox", changed)


def test_a_secret_in_plain_text_is_refused_and_not_shown() -> None:
    token = "a" * 64
    with pytest.raises(ConfigError) as refusal:
        load(changes={"hcloud:token": token}, secret_keys=())

    assert "plain text" in str(refusal.value)
    assert token not in str(refusal.value), "the refusal itself leaks the token"


def test_a_token_of_the_wrong_format_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as refusal:
        load(changes={"hcloud:token": "tooshort"})

    assert "exactly 64" in str(refusal.value)
    assert "tooshort" not in str(refusal.value), "the refusal itself leaks the token"


def test_pulumi_prints_a_config_error_without_a_traceback() -> None:
    assert issubclass(ConfigError, pulumi.RunError)
