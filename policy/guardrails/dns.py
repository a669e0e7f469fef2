"""DNS: every host is answered by every ingress node, through Cloudflare, and by nothing else.

At a preview an address may not be known yet; which Primary IP a record's content is made from is, so records are held
to the nodes by that, and what the content will be is judged at the update.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Any, Final

from .model import Graph, Resource
from .rules import Found, ResourceRule, StackRule, at
from .servers import PRIMARY_IP, SERVER, label
from .view import MalformedError, NotKnown, Outcome, View, attempt, demand

Address = IPv4Address | IPv6Address

RECORDS: Final = ("cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/record:Record")
"""The resource and its deprecated name, under which the same record is made."""
FAMILIES: Final = {"A": "ipv4", "AAAA": "ipv6"}
ELSEWHERE: Final = ("CNAME", "DNAME", "HTTPS", "NS", "SVCB")
"""Types of record that hand a host's visitors to somebody else."""


def is_address(record: Resource) -> bool:
    """Whether a record is an A or AAAA record.

    Raises:
        NotKnown: when its type is not known.
    """
    return View(record.plain).at("type").value in FAMILIES


def _proxied(record: Resource) -> Iterator[Outcome]:
    if not is_address(record):
        return
    inputs = View(record.plain)
    yield from attempt(demand(inputs.at("proxied"), True, "the server's address would be public, past every edge"))
    yield from attempt(demand(inputs.at("ttl"), 1, "a proxied record's is automatic; any other fails at the update"))


def _nodes(graph: Graph) -> Iterator[Found]:
    wanted: dict[str, dict[str, Resource]] = {"ipv4": {}, "ipv6": {}}
    certain = True
    undecided: set[str] = set()
    for server in graph.of(SERVER):
        found = list(at(server, _ingress(graph, server, wanted)))
        if found:
            certain = False
            undecided |= {address.urn for address in graph.behind(server, PRIMARY_IP, "publicNets")}
        yield from found
    seen: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in graph.of(*RECORDS):
        found = list(at(record, _target(graph, record, wanted, undecided, seen)))
        certain &= not any(isinstance(outcome, NotKnown) and outcome.path != "content" for _, outcome in found)
        yield from found
    if certain:
        yield from ((None, message) for message in _gaps(wanted, seen))


def _ingress(graph: Graph, server: Resource, wanted: dict[str, dict[str, Resource]]) -> Iterator[Outcome]:
    """Adds an ingress node's addresses to what every host must have."""
    ingress = label(server, "ingress")
    if ingress.value not in ("true", "false"):
        yield f"{ingress.path} is {ingress.value!r}; set it to 'true' (in DNS) or 'false'"
    if ingress.value != "true":
        return
    for address in graph.behind(server, PRIMARY_IP, "publicNets"):
        wanted[View(address.plain).at("type").text()][address.urn] = server
    for family, addresses in wanted.items():
        if server not in addresses.values():
            yield f"publicNets has no {family} Primary IP of this stack; give the node one that outlives it"


def _target(
    graph: Graph,
    record: Resource,
    wanted: dict[str, dict[str, Resource]],
    undecided: set[str],
    seen: defaultdict[tuple[str, str], Counter[str]],
) -> Iterator[Outcome]:
    """Whose address a record holds; adds it to what the host has. Of a node without a verdict, none is refused."""
    inputs = View(record.plain)
    if not is_address(record):
        kind = inputs.at("type").text()
        if kind in ELSEWHERE and not any(part.startswith("_") for part in inputs.at("name").text().split(".")):
            yield f"type {kind} sends visitors past the ingress nodes; give the host A and AAAA records"
        return
    host, family = inputs.at("name").text().lower(), FAMILIES[inputs.at("type").text()]
    address, gap = _primary_ip(graph, record, family)
    if gap:
        yield gap
    if address is None:
        content = inputs.at("content").value
        yield f"content {content!r} is no {family} Primary IP of this stack; point it at the ingress nodes only"
    elif address.urn not in wanted[family] and address.urn not in undecided:
        yield f"content is the address of {address.name}, which no ingress node has; remove the record"
    else:
        seen[host, family][address.urn] += 1


def _primary_ip(graph: Graph, record: Resource, family: str) -> tuple[Resource | None, NotKnown | None]:
    """The Primary IP that a record points at: by its value, or, where one is not known, by what it is made from."""
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
        raise MalformedError(f"content is made from {len(made_from)} Primary IPs where it must be from one {family}")
    return None, None


def _known(view: View) -> Any:
    """A value, or None where it is not known or missing."""
    try:
        return view.value
    except NotKnown:
        return None


def _host_of(text: object) -> Address:
    """The address that a server takes: an IPv4 itself, of an IPv6 network its first."""
    found = _address(text)
    return found + 1 if found.version == 6 and int(found) % 2**64 == 0 else found


def _address(text: object) -> Address:
    try:
        return ip_interface(str(text)).ip  # a bare number would be read as an address
    except ValueError as error:
        raise MalformedError(f"{text!r} is no address ({error})") from error


def _gaps(
    wanted: dict[str, dict[str, Resource]], seen: defaultdict[tuple[str, str], Counter[str]]
) -> Iterator[Outcome]:
    for host in sorted({host for host, _ in seen}):
        for kind, family in FAMILIES.items():
            has = seen[host, family]
            missing = sorted(server.name for urn, server in wanted[family].items() if not has[urn])
            if missing:
                yield f"{host} has no {kind} record for {', '.join(missing)}; every ingress node must answer for it"
            twice = sorted(wanted[family][urn].name for urn, count in has.items() if count > 1)
            if twice:
                yield f"{host} has more than one {kind} record for {', '.join(twice)}; remove the others"


DNS_RULES: Final = (
    ResourceRule(
        name="dns-is-proxied",
        description="A and AAAA records are proxied, with an automatic TTL.",
        types=RECORDS,
        check=_proxied,
    ),
    StackRule(
        name="dns-is-the-ingress-nodes",
        description="Every host has one A and one AAAA record for each ingress node, and no other.",
        types=(*RECORDS, PRIMARY_IP, SERVER),
        check=_nodes,
    ),
)
