"""DNS: every host of a route has a proxied record for each ingress node, and nothing else answers for it.

Records of other systems in the zone pass. The preview may not know an address yet, but it knows the Primary IP that the
content of a record comes from, so the rule compares these. The update judges the content.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Any, Final

from guardrails.mechanism.model import Graph, Resource
from guardrails.mechanism.objects import INGRESS, INGRESS_ROUTE
from guardrails.mechanism.rules import Found, ResourceRule, StackRule, at, inputs
from guardrails.mechanism.shapes import Entry, fixed, known, maybe, one_of, shape, table_in, text
from guardrails.mechanism.view import MalformedError, NotKnown, Outcome, View, attempt
from guardrails.routes.routers import routes_of
from guardrails.servers.fleet import PRIMARY_IP, SERVER, label

_in = table_in(__name__)
Address = IPv4Address | IPv6Address
RECORD: Final = "cloudflare:index/dnsRecord:DnsRecord"
FAMILIES: Final = {"A": "ipv4", "AAAA": "ipv6"}
ALIASES: Final = ("CNAME", "HTTPS", "SVCB")
"""Types of records that send the visitors of their own name elsewhere."""
DELEGATIONS: Final = ("DNAME", "NS")
"""Types of records that send the visitors of every name under theirs elsewhere."""


@dataclass
class _Zone:
    """What the records are compared with.

    Attributes:
        graph: The stack.
        hosts: The hosts of the routes.
        wanted: The addresses that each host must have: by family and URN of the Primary IP, the server.
        undecided: The URNs of the Primary IPs of servers that may be ingress nodes.
        seen: The addresses that a host has: by host and family, the number of records for each Primary IP.
    """

    graph: Graph
    hosts: set[str] = field(default_factory=set)
    wanted: dict[str, dict[str, Resource]] = field(default_factory=lambda: {"ipv4": {}, "ipv6": {}})
    undecided: set[str] = field(default_factory=set)
    seen: defaultdict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def _stack(graph: Graph) -> Iterator[Found]:
    zone = _Zone(graph)
    certain = True
    for server in graph.of(SERVER):
        found = list(at(server, _ingress(zone, server)))
        if found:
            certain = False
            zone.undecided |= {address.urn for address in graph.behind(server, PRIMARY_IP, "publicNets")}
        yield from found
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        try:
            zone.hosts |= {host for route in routes_of(resource) for host in route.hosts or ()}
        except NotKnown as gap:
            yield resource, gap
            certain = False
        except MalformedError:
            continue  # the rule for routes refuses it
    for record in graph.of(RECORD):
        found = list(at(record, _record(zone, record)))
        certain &= not any(isinstance(outcome, NotKnown) and outcome.path in ("name", "type") for _, outcome in found)
        yield from found
    if certain:
        yield from ((None, message) for message in _missing(zone))


def _ingress(zone: _Zone, server: Resource) -> Iterator[Outcome]:
    """Add the addresses of an ingress node to those that every host must have."""
    ingress = label(server, "ingress")
    yield from one_of("true", "false", why="whether DNS points to the server")(ingress)
    if ingress.value != "true":
        return
    for address in zone.graph.behind(server, PRIMARY_IP, "publicNets"):
        zone.wanted[View(address.plain).at("type").text()][address.urn] = server
    for family, addresses in zone.wanted.items():
        if server not in addresses.values():
            yield f"publicNets has no {family} Primary IP of this stack; give the node one that outlives it"


def _record(zone: _Zone, record: Resource) -> Iterator[Outcome]:
    """Check one record, and count it for its host. A node whose label is unknown may be an ingress node."""
    given = View(record.plain)
    kind = given.at("type").text()
    if kind not in (*FAMILIES, *ALIASES, *DELEGATIONS):
        return
    name = given.at("name").text().lower().rstrip(".")
    if "." not in name:
        yield f"name is {name!r}; write the full name, because a short one cannot be compared with the routes' hosts"
        return
    if kind in FAMILIES:
        if name in zone.hosts:
            yield from _address_record(zone, record)
        else:
            yield from attempt(_not_exposed(zone.graph, record))
    elif name in zone.hosts or (kind in DELEGATIONS and any(host.endswith(f".{name}") for host in zone.hosts)):
        yield f"type {kind} sends the visitors of a route past the ingress nodes; give the host A and AAAA records"


def _proxied(record: Resource) -> Iterator[Outcome]:
    given = View(record.plain)
    yield from attempt(fixed(True, "the server's address would be public")(given.at("proxied")))
    yield from attempt(fixed(1, "a proxied record has an automatic TTL; Cloudflare refuses any other")(given.at("ttl")))


def _not_exposed(graph: Graph, record: Resource) -> Iterator[Outcome]:
    """Check that a record of another system does not show the address of a server of this stack."""
    if View(record.plain).at("proxied").value is True:
        return
    content = _known(View(record.plain).at("content"))
    ours = {_space(ip) for item in graph.of(PRIMARY_IP) if (ip := _known(View(item.plain).at("ipAddress"))) is not None}
    if graph.behind(record, PRIMARY_IP, "content") or (content is not None and _space(content) in ours):
        yield "proxied is not True, and the record shows the address of a server of this stack; set proxied=True"
    elif content is None:
        raise NotKnown("content")


def _address_record(zone: _Zone, record: Resource) -> Iterator[Outcome]:
    given = View(record.plain)
    yield from _proxied(record)
    host, family = given.at("name").text().lower().rstrip("."), FAMILIES[given.at("type").text()]
    address, gap = _primary_ip(zone.graph, record, family)
    if gap:
        yield gap
    if address is None:
        content = given.at("content").value
        yield f"content {content!r} is not an {family} Primary IP of this stack; point it at the ingress nodes only"
    elif address.urn not in zone.wanted[family] and address.urn not in zone.undecided:
        yield f"content is the address of {address.name}, which no ingress node has; remove the record"
    else:
        zone.seen[host, family][address.urn] += 1


def _primary_ip(graph: Graph, record: Resource, family: str) -> tuple[Resource | None, NotKnown | None]:
    """Return the Primary IP of a record, by its value, or if that is unknown by the resource that it comes from."""
    addresses = [item for item in graph.of(PRIMARY_IP) if View(item.plain).at("type").value == family]
    content = _known(View(record.plain).at("content"))
    standing = {item.urn: _known(View(item.plain).at("ipAddress")) for item in addresses}
    if content is not None:
        for item in addresses:
            if standing[item.urn] is not None and _address(content) == _host_of(standing[item.urn]):
                return item, None
    made_from = [item for item in graph.behind(record, PRIMARY_IP, "content") if item in addresses]
    if len(made_from) == 1 and (content is None or standing[made_from[0].urn] is None):
        return made_from[0], NotKnown("content")
    if content is None:
        raise MalformedError(
            f"content comes from {len(made_from)} Primary IPs; it must come from one {family} Primary IP"
        )
    return None, None


def _known(view: View) -> Any:
    """Return a value, or None if it is unknown or missing."""
    try:
        return view.value
    except NotKnown:
        return None


def _host_of(text: object) -> Address:
    """Return the address of a server: an IPv4 address itself, or the first address of an IPv6 network."""
    found = _address(text)
    return found + 1 if found.version == 6 and int(found) % 2**64 == 0 else found


def _space(text: object) -> int:
    """Return a number for the addresses of one server: an IPv4 address, or an IPv6 network of /64."""
    found = _address(text)
    if isinstance(found, IPv4Address):
        return int(found)
    return int(found.ipv4_mapped) if found.ipv4_mapped else int(found) >> 64 << 64


def _address(text: object) -> Address:
    try:
        return ip_interface(str(text)).ip  # as text, because a number would be read as an address
    except ValueError as error:
        raise MalformedError(f"{text!r} is not an address ({error})") from error


def _missing(zone: _Zone) -> Iterator[Outcome]:
    for host in sorted(zone.hosts):
        for kind, family in FAMILIES.items():
            has = zone.seen[host, family]
            missing = sorted(server.name for urn, server in zone.wanted[family].items() if not has[urn])
            if missing:
                yield f"{host} has no {kind} record for {', '.join(missing)}; every ingress node must answer for it"
            twice = sorted(
                zone.wanted[family][urn].name for urn, count in has.items() if count > 1 and urn in zone.wanted[family]
            )
            if twice:
                yield f"{host} has more than one {kind} record for {', '.join(twice)}; remove the others"


RECORDS: Final[dict[str, Entry]] = {
    "type": text(r"[A-Z]+", "a type in capitals, because another spelling is not compared with the routes' hosts"),
    **dict.fromkeys(
        ("comment", "content", "data", "name", "priority", "proxied", "settings", "tags", "ttl", "zoneId"), known
    ),
}
"""The inputs of a record."""

PROVIDER: Final[dict[str, Entry]] = {
    **dict.fromkeys(("version", "apiToken", "apiKey", "apiUserServiceKey", "email", "userAgentOperatorSuffix"), known),
    "baseUrl": maybe(
        text(
            r"https://api\.cloudflare\.com/client/v4/?|http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?", "Cloudflare's API"
        )
    ),
}
"""The inputs of Cloudflare's provider."""

RULES: Final = (
    ResourceRule(
        name="records-are-known",
        description="Records have known inputs, and go to Cloudflare's API.",
        judges={
            RECORD: inputs(shape(_in("RECORDS"), RECORDS)),
            "pulumi:providers:cloudflare": inputs(shape(_in("PROVIDER"), PROVIDER)),
        },
    ),
    StackRule(
        name="dns-is-the-ingress-nodes",
        description="Every host of a route has one proxied A and AAAA record for each ingress node, and no other.",
        types=(RECORD, PRIMARY_IP, SERVER, INGRESS, INGRESS_ROUTE),
        check=_stack,
    ),
)
