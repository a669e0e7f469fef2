"""Describe a change in the operator's words, by a table of resource types."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ops.preview.changes import Change, Kind
from ops.preview.commands import command
from ops.preview.facts import certificate_hosts, cloud_sources, dig, node_of, route_hosts, weights
from ops.preview.phrases import Phrase, listed, rule_changes, shown

Config = Mapping[str, Any]
Describer = Callable[[Change, Config], Iterator[Phrase]]

_VERBS: Final = {
    Kind.REPLACE: "{noun} is replaced: ",
    Kind.DELETE: "{noun} is deleted: ",
    Kind.CREATE: "new {noun}: ",
    Kind.UPDATE: "{noun} changes ({keys}): ",
    Kind.OTHER: "another operation on {noun}: ",
    Kind.SAME: "{noun} is unchanged: ",
}
_FEW: Final = 4
"""A sentence names the old and the new value of at most this many inputs."""
_NOUNS: Final = {
    "hcloud:index/primaryIp:PrimaryIp": "primary IP",
    "hcloud:index/server:Server": "server",
    "hcloud:index/network:Network": "private network",
    "hcloud:index/networkSubnet:NetworkSubnet": "subnet",
    "hcloud:index/firewall:Firewall": "cloud firewall",
    "hcloud:index/placementGroup:PlacementGroup": "placement group",
    "hcloud:index/sshKey:SshKey": "SSH key at Hetzner",
    "cloudflare:index/originCaCertificate:OriginCaCertificate": "origin certificate",
    "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate": "client certificate "
    "that Cloudflare presents",
    "tls:index/privateKey:PrivateKey": "private key",
    "tls:index/certRequest:CertRequest": "certificate request",
    "tls:index/selfSignedCert:SelfSignedCert": "certificate authority",
    "tls:index/locallySignedCert:LocallySignedCert": "certificate of our own authority",
    "random:index/randomPassword:RandomPassword": "generated password",
    "command:remote:Command": "command on a server",
    "hcloud:index/serverNetwork:ServerNetwork": "attachment to the private network",
    "random:index/randomId:RandomId": "generation number",
    "pulumi:providers:kubernetes": "Kubernetes provider",
}


def describe(change: Change, config: Config) -> tuple[Phrase, ...]:
    """Return at least one phrase about a change; a resource that no describer knows gets a general one.

    Args:
        change: The change.
        config: The stack's config from the preview, for the hosts of routes.
    """
    describer = DESCRIBERS.get(change.type)
    return tuple(describer(change, config) if describer else ()) or (_general(change),)


def ended_protection(change: Change) -> Phrase:
    """Return the phrase about a change that ends the deletion protection of a resource."""
    return Phrase(lead=f"deletion protection ends: {_noun(change)} ", slot=change.name)


def _general(change: Change) -> Phrase:
    some = change.leaves
    if change.kind is Kind.UPDATE and 0 < len(some) <= _FEW:
        values = [f"{path} {shown(before)} -> {shown(after)}" for path, before, after in some]
        return Phrase(lead=f"{_noun(change)} changes ({', '.join(values)}): ", slot=change.name)
    verb = _VERBS[change.kind].format(noun=_noun(change), keys=listed(change.keys) or "secret values")
    return Phrase(lead=verb, slot=change.name)


def _noun(change: Change) -> str:
    short = change.type.rpartition(":")[2]
    return _NOUNS.get(change.type) or (f"component {short}" if change.type.startswith("honeydue:") else short)


def _server(change: Change, _config: Config) -> Iterator[Phrase]:
    match change.kind:
        case Kind.REPLACE:
            choices = [key for key in ("serverType", "image") if key in change.keys]
            new = [f"{key} {change.before.get(key)} -> {change.after.get(key)}" for key in choices]
            yield Phrase(lead=", ".join([f"{change.name} is replaced, and gets a new disk", *new]))
        case Kind.DELETE:
            yield Phrase(lead=f"{change.name} is deleted, with its disk")
        case Kind.CREATE:
            offer = ", ".join(str(change.after.get(key)) for key in ("serverType", "image", "location"))
            yield Phrase(lead=f"new server ({offer}): ", slot=change.name)


def _attachment(change: Change, _config: Config) -> Iterator[Phrase]:
    if change.kind is Kind.REPLACE:
        yield Phrase(lead="attached to the private network again: ", slot=change.name.removesuffix("-private"))


def _generation(change: Change, _config: Config) -> Iterator[Phrase]:
    before, after = (dig(each, "keepers", "replacing") for each in (change.before, change.after))
    node = change.name.removesuffix("-generation")
    if (before, after) == ("false", "true"):
        yield Phrase(lead="a new generation number makes a new server of ", slot=node)
    elif (before, after) == ("true", "false"):
        yield Phrase(lead="a new generation number replaces no server: ", slot=node)


def _cloud_firewall(change: Change, _config: Config) -> Iterator[Phrase]:
    if change.kind in (Kind.CREATE, Kind.UPDATE):
        for text in rule_changes(cloud_sources(change.before) or {}, cloud_sources(change.after) or {}):
            yield Phrase(lead=f"{text} at ", slot="the cloud firewall")


def _record(change: Change, _config: Config) -> Iterator[Phrase]:
    record = change.after or change.before
    place = f"{node_of(record)} ({record.get('type')})"
    match change.kind:
        case Kind.CREATE:
            yield Phrase(lead=f"a new record {record.get('name')} -> ", slot=place)
        case Kind.DELETE:
            yield Phrase(lead=f"deleted record {record.get('name')} -> ", slot=place)
        case _:
            changed = [
                f"{key} {shown(change.before.get(key))} -> {shown(change.after.get(key))}" for key in change.keys
            ]
            yield Phrase(
                lead=f"record {record.get('name')} -> ", slot=place, tail=f": {', '.join(changed) or change.kind}"
            )


def _setting(change: Change, _config: Config) -> Iterator[Phrase]:
    name = (change.after or change.before).get("settingId")
    before, after = shown(change.before.get("value")), shown(change.after.get("value"))
    if before != after:
        yield Phrase(lead=f"zone setting {name} at Cloudflare: {before} -> {after}")


def _pulls_switch(change: Change, _config: Config) -> Iterator[Phrase]:
    if change.before.get("enabled") != change.after.get("enabled"):
        on = change.after.get("enabled") is True
        yield Phrase(lead=f"Cloudflare {'starts' if on else 'stops'} presenting its client certificate (origin pulls)")


def _certificate(change: Change, _config: Config) -> Iterator[Phrase]:
    hosts = listed(sorted(certificate_hosts(change.after or change.before)))
    if hosts:
        yield Phrase(lead=_general(change).lead, slot=change.name, tail=f", for {hosts}")


def _tls_option(change: Change, _config: Config) -> Iterator[Phrase]:
    before, after = (dig(each, "spec", "clientAuth") for each in (change.before, change.after))
    name = dig(change.after or change.before, "metadata", "name")
    if bool(before) != bool(after):
        verb = "requires" if after else "no longer requires"
        yield Phrase(lead=f"Traefik {verb} client certificates (TLS options {name})")


def _weighted(change: Change, config: Config) -> Iterator[Phrase]:
    before, after = weights(change.before), weights(change.after)
    route = str(dig(change.after or change.before, "metadata", "name")).removesuffix("-weighted")
    place = listed(route_hosts(config).get(route) or [f"route {route}"])
    canaries = [name for name in {**before, **after} if name not in list(after or before)[:1]]
    for service in canaries:
        if before.get(service) != after.get(service):
            weight = f"{shown(before.get(service))} -> {shown(after.get(service))}"
            yield Phrase(lead=f"{place}: weight of {service} {weight}")


def _router(change: Change, _config: Config) -> Iterator[Phrase]:
    before, after = certificate_hosts(change.before), certificate_hosts(change.after)
    name = dig(change.after or change.before, "metadata", "name")
    match change.kind:
        case Kind.CREATE:
            yield Phrase(lead=f"new route {name} for {listed(sorted(after))}")
        case Kind.DELETE:
            yield Phrase(lead=f"deleted route {name} for {listed(sorted(before))}")
        case Kind.UPDATE:
            for host in sorted(after - before):
                yield Phrase(lead=f"route {name} gets host ", slot=host)
            for host in sorted(before - after):
                yield Phrase(lead=f"route {name} loses host ", slot=host)


def _traefik_values(change: Change, _config: Config) -> Iterator[Phrase]:
    if change.kind is Kind.UPDATE and "spec" in change.keys:
        yield Phrase(lead="the values of Traefik's chart change, and Traefik restarts on one server after another")


DESCRIBERS: Final[dict[str, Describer]] = {
    "hcloud:index/server:Server": _server,
    "hcloud:index/serverNetwork:ServerNetwork": _attachment,
    "hcloud:index/firewall:Firewall": _cloud_firewall,
    "random:index/randomId:RandomId": _generation,
    "command:remote:Command": lambda change, _config: command(change),
    "cloudflare:index/dnsRecord:DnsRecord": _record,
    "cloudflare:index/zoneSetting:ZoneSetting": _setting,
    "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings": _pulls_switch,
    "cloudflare:index/originCaCertificate:OriginCaCertificate": _certificate,
    "kubernetes:traefik.io/v1alpha1:TLSOption": _tls_option,
    "kubernetes:traefik.io/v1alpha1:TraefikService": _weighted,
    "kubernetes:traefik.io/v1alpha1:IngressRoute": _router,
    "kubernetes:networking.k8s.io/v1:Ingress": _router,
    "kubernetes:helm.cattle.io/v1:HelmChartConfig": _traefik_values,
}
"""The describers by type. A describer that yields nothing leaves the change to the general phrase."""
