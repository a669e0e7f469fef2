"""Rules that a preview must satisfy before it may become an update."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ops.preview.changes import Change, Kind, changes
from ops.preview.facts import (
    certificate_hosts,
    cloud_sources,
    dig,
    host_sources,
    ingress_servers,
    node_of,
    route_hosts,
    setting,
)
from ops.preview.phrases import shown
from ops.preview.reading import Preview

_SERVER: Final = "hcloud:index/server:Server"
_FIREWALL: Final = "hcloud:index/firewall:Firewall"
_RECORD: Final = "cloudflare:index/dnsRecord:DnsRecord"
_LASTING: Final = {
    "hcloud:index/primaryIp:PrimaryIp": "primary IP",
    "hcloud:index/network:Network": "private network",
    "hcloud:index/networkSubnet:NetworkSubnet": "subnet",
    "kubernetes:core/v1:Namespace": "namespace",
}
_CERTIFICATES: Final = frozenset(
    {
        "cloudflare:index/originCaCertificate:OriginCaCertificate",
        "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate",
        "tls:index/selfSignedCert:SelfSignedCert",
        "tls:index/locallySignedCert:LocallySignedCert",
    }
)
_GONE: Final = frozenset({Kind.REPLACE, Kind.DELETE})
_NEEDED_PORTS: Final = {"443": "visitors cannot reach any route", "22": "no operator can use SSH"}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A preview and its changes, which all rules read."""

    preview: Preview
    changes: Sequence[Change]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A violation of a rule: what is wrong, and why it matters."""

    rule: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The findings, and the overridden rules with their reasons."""

    findings: tuple[Finding, ...]
    allowed: Mapping[str, str]

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The findings of rules that are not overridden."""
        return tuple(finding for finding in self.findings if finding.rule not in self.allowed)


def judge(preview: Preview, allowed: Mapping[str, str]) -> Verdict:
    """Return the verdict on a preview.

    Args:
        preview: The preview.
        allowed: The reason for each rule that is overridden; each must be a key of RULES.
    """
    facts = Facts(preview=preview, changes=changes(preview))
    findings = [Finding(rule=name, text=text) for name, rule in RULES.items() for text in rule(facts)]
    return Verdict(findings=tuple(findings), allowed=dict(allowed))


def _complete(facts: Facts) -> Iterator[str]:
    refusals = [each for each in facts.preview.policies or () if each.mandatory]
    yield from dict.fromkeys(f"policy {each.policy} refuses {each.resource}" for each in refusals)
    errors = [each.message for each in facts.preview.diagnostics if each.severity == "error"]
    if errors and not refusals:
        yield f"the preview failed, so it may lack changes: {errors[0]}"


def _one_server(facts: Facts) -> Iterator[str]:
    gone = [change.name for change in facts.changes if change.type == _SERVER and change.kind in _GONE]
    if len(gone) > 1:
        yield f"{len(gone)} servers are replaced or deleted ({', '.join(gone)}); etcd would lose its quorum"


def _no_deleted_server(facts: Facts) -> Iterator[str]:
    for change in facts.changes:
        if change.type == _SERVER and change.kind is Kind.DELETE:
            yield f"server {change.name} is deleted, with its disk"


def _lasting(facts: Facts) -> Iterator[str]:
    for change in facts.changes:
        if change.type in _LASTING and change.kind in _GONE:
            yield f"{_LASTING[change.type]} {change.name} is {change.kind}; it must outlive the servers"


def _records(facts: Facts) -> Iterator[str]:
    """Compare deleted records with the hosts and servers of the config; without a config every host counts as kept."""
    records = [change for change in facts.changes if change.type == _RECORD]
    deleted: dict[str, set[str]] = {}
    for change in records:
        if change.kind is Kind.DELETE:
            deleted.setdefault(str(change.before.get("name")), set()).add(_place(change.before))
    living = {str(change.after.get("name")) for change in records if change.after}
    routes = setting(facts.preview.config, "routes")
    kept = {host for hosts in route_hosts(facts.preview.config).values() for host in hosts} if routes else set(deleted)
    expected = {f"{node} {kind}" for node in ingress_servers(facts.preview.config) for kind in ("A", "AAAA")}
    for host, places in sorted(deleted.items()):
        if host in kept and host not in living and expected <= places:
            yield f"no DNS record is left for {host}, which is still a host of a route"


def _place(record: Mapping[str, object]) -> str:
    return f"{node_of(record)} {record.get('type')}"


def _ports(facts: Facts) -> Iterator[str]:
    for change in facts.changes:
        if change.type == _FIREWALL:
            place, sources = "the cloud firewall", cloud_sources(change.after)
        elif change.name.endswith("-ufw-apply"):
            place, sources = change.name.removesuffix("-ufw-apply"), host_sources(change.after)
        else:
            continue
        for port, effect in _NEEDED_PORTS.items():
            if sources is not None and not sources.get(port):
                yield f"no source may reach port {port} in {place}: {effect}"


def _certificates(facts: Facts) -> Iterator[str]:
    """Report replacements; one resource that is created for another that is deleted is a replacement too."""
    some = [change for change in facts.changes if change.type in _CERTIFICATES]
    created = {
        (change.type, *_identity(change.name, change.after)): change for change in some if change.kind is Kind.CREATE
    }
    for change in some:
        same = _identity(change.name, change.before)
        if change.kind is Kind.REPLACE and same == _identity(change.name, change.after):
            yield f"{change.name} is replaced, and neither its hosts nor its generation change"
        elif change.kind is Kind.DELETE and (new := created.get((change.type, *same))):
            yield f"{change.name} is replaced by {new.name}, and neither the hosts nor the generation change"


def _identity(name: str, inputs: Mapping[str, object]) -> tuple[str, frozenset[str]]:
    """Return the name up to its generation, as in `origin-1`, and the hosts."""
    known = re.match(r".+?-\d+(?=-|$)", name)
    return (known[0] if known else name, frozenset(certificate_hosts(inputs)))


def _tls(facts: Facts) -> Iterator[str]:
    for change in facts.changes:
        rule = _TLS_RULES.get(change.type.rpartition(":")[2])
        yield from rule(change, facts) if rule else ()


def _zone_setting(change: Change, _facts: Facts) -> Iterator[str]:
    name = (change.after or change.before).get("settingId")
    before, after = change.before.get("value"), change.after.get("value")
    if name == "ssl" and after != "strict":
        yield f"zone setting ssl becomes {shown(after)}; only strict checks the origin's certificate"
    elif name == "min_tls_version" and _version(after) < _version(before):
        yield f"the visitors' minimum TLS version falls from {shown(before)} to {shown(after)}"


def _tls_options(change: Change, facts: Facts) -> Iterator[str]:
    before, after = change.before.get("spec"), change.after.get("spec")
    name = str(dig(change.after or change.before, "metadata", "name"))
    route = name.removesuffix("-client-certificates")
    routes = route_hosts(facts.preview.config)
    if change.kind is Kind.DELETE and route != name and routes and route not in routes:
        return  # the route is deleted too
    if _strict(before) and not _strict(after):
        yield f"TLS options {name} no longer require and verify client certificates"
    old, new = dig(before, "minVersion"), dig(after, "minVersion")
    if _version(new) < _version(old):
        yield f"the minimum TLS version of {name} falls from {shown(old)} to {shown(new)}"


def _pulls(change: Change, _facts: Facts) -> Iterator[str]:
    if change.before.get("enabled") is True and change.after.get("enabled") is not True:
        yield "Cloudflare stops presenting its client certificate (origin pulls are switched off)"


def _strict(spec: object) -> bool:
    return bool(dig(spec, "clientAuth", "clientAuthType") == "RequireAndVerifyClientCert")


def _version(text: object) -> tuple[int, ...]:
    """Return `1.2` or `VersionTLS12` as numbers; nothing is the lowest version."""
    return tuple(int(digit) for digit in re.findall(r"\d", str(text or "")))


_TLS_RULES: Final[dict[str, Callable[[Change, Facts], Iterator[str]]]] = {
    "ZoneSetting": _zone_setting,
    "TLSOption": _tls_options,
    "AuthenticatedOriginPullsSettings": _pulls,
}

RULES: Final[dict[str, Callable[[Facts], Iterator[str]]]] = {
    "preview-is-complete": _complete,
    "one-server-at-a-time": _one_server,
    "no-server-is-deleted": _no_deleted_server,
    "addresses-network-and-namespace-stay": _lasting,
    "every-host-keeps-a-record": _records,
    "ports-443-and-22-stay-open": _ports,
    "no-needless-certificate": _certificates,
    "tls-stays-strict": _tls,
}
"""The rules by name. Each yields one text per violation."""
