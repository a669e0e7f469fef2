"""Compare two stack files: the differences that travel, in the operator's words, and the config that they lead to."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from components.config import StackConfig
from components.deployed import Deployed
from components.live_changes import live_changes
from components.problems import Problem
from components.settings import Route, Settings
from components.versions import K3S_RELEASES
from ops.stacks.travel import ROUTE, SETTINGS, Travel

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One difference.

    Attributes:
        place: The key, or `routes[NAME]` and the key of a route.
        text: The difference in words.
        before: The value in TO, or None.
        after: The value that TO gets.
        travels: Whether `--write` applies it.
    """

    place: str
    text: str
    before: Any
    after: Any
    travels: bool = True


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two stack files, compared.

    Attributes:
        source: FROM's stack.
        target: TO's stack.
        differences: Versions first, then in the order of the table.
        notes: What does not travel although it looks as if it could.
        refusals: Rules of the program that TO's stack would break.
        before: TO's settings, with defaults, by key.
        after: The settings that TO gets.
    """

    source: str
    target: str
    differences: Sequence[Difference]
    notes: Sequence[str]
    refusals: Sequence[Problem]
    before: Data
    after: Data

    @property
    def travelling(self) -> list[Difference]:
        """The differences that `--write` applies."""
        return [difference for difference in self.differences if difference.travels]


def compare(source: StackConfig, target: StackConfig, keys: Collection[str] = ()) -> Comparison:
    """Compare two stacks.

    Args:
        source: The stack whose values travel.
        target: The stack that gets them.
        keys: The only keys to compare; all that travel if empty.

    Raises:
        ValidationError: If a host has no valid form in the other zone.
    """
    given, before = as_data(source), as_data(target)
    after, notes = deepcopy(before), list[str]()
    differences: list[Difference] = []
    for key, rule in SETTINGS.items():
        if rule.travel is Travel.NEVER or (keys and key not in keys):
            continue
        if key == "routes":
            differences += _routes(source, target, after["routes"], notes)
            continue
        value = _classes_after(source, before[key]) if key == "ingressClasses" else given[key]
        if value == before[key]:
            continue
        travels = rule.travel is not Travel.ON_REQUEST or key in keys
        text = _words(key, before[key], value) + ("" if travels else f" (stays unless you add --key {key})")
        differences.append(Difference(place=key, text=text, before=before[key], after=value, travels=travels))
        if travels:
            after[key] = value
    running = Deployed(k3s_versions={"all": target.k3s_version})
    return Comparison(
        source=source.stack,
        target=target.stack,
        differences=differences,
        notes=notes,
        refusals=list(live_changes(Settings.model_validate(after), running)),
        before=before,
        after=after,
    )


def as_data(settings: Settings) -> Data:
    """Return all settings as a stack file spells them, defaults included."""
    return {key: value for key, value in settings.model_dump(mode="json", by_alias=True).items() if key in SETTINGS}


def _classes_after(source: Settings, before: Sequence[Data]) -> list[Data]:
    """Return TO's classes as FROM has them, then FROM's other ones, without their defaults."""
    given = {each.name: each for each in source.ingress_classes}
    kept = [
        given.pop(each["name"]).model_dump(mode="json", by_alias=True) if each["name"] in given else each
        for each in before
    ]
    return [*kept, *(each.model_dump(mode="json", by_alias=True, exclude_defaults=True) for each in given.values())]


def _routes(source: StackConfig, target: StackConfig, after: list[Data], notes: list[str]) -> Iterator[Difference]:
    """Yield the differences of the routes, and apply them to `after`."""
    present = {route["name"]: route for route in after}
    for route in source.routes:
        hosts = [_moved(host, source.zone, target.zone) for host in route.hosts]
        if route.name in present:
            yield from _route(route, hosts, present[route.name])
        elif route.client_certificates:
            notes.append(
                f"route {route.name} is only in {source.stack} and does not travel, because its clientCertificates "
                "never do and it would be open without them"
            )
        else:
            new = route.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"hosts": hosts}
            after.append(new)
            text = f"new route {route.name}: {', '.join(hosts)} to {route.service}:{route.port}"
            yield Difference(place=f"routes[{route.name}]", text=text, before=None, after=new)
    notes += [
        f"route {name} is only in {target.stack} and stays"
        for name in present
        if name not in {route.name for route in source.routes}
    ]


def _route(route: Route, hosts: Sequence[str], into: Data) -> Iterator[Difference]:
    given = route.model_dump(mode="json", by_alias=True) | {"hosts": hosts}
    for key, rule in ROUTE.items():
        before, after = into[key], given[key]
        if rule.travel is Travel.ADAPTED:
            after = [*before, *(host for host in after if host not in before)]
        if rule.travel is Travel.NEVER or before == after:
            continue
        into[key] = after
        text = f"route {route.name}: {_words(key, before, after)}"
        yield Difference(place=f"routes[{route.name}].{key}", text=text, before=before, after=after)


def _moved(host: str, zone: str, other: str) -> str:
    """Return the host with the same place in the other zone."""
    return host.removesuffix(zone) + other


def _words(key: str, before: Any, after: Any) -> str:
    words = _WORDS.get(key)
    return words(before, after) if words else f"{key} {_or_none(before)} -> {_or_none(after)}"


def _k3s(before: str, after: str) -> str:
    old, new = K3S_RELEASES[before].traefik, K3S_RELEASES[after].traefik
    traefik = "with the same Traefik" if old == new else f"with Traefik {old} -> {new}"
    return f"k3s {before} -> {after}, {traefik}; the nodes restart one after another"


def _rate(value: Data) -> str:
    return f"{value['average']} requests per second (burst {value['burst']})"


def _classes(values: Sequence[Data]) -> str:
    return _listed(
        [
            f"{value['name']} (requires {_listed(value['requiredMiddlewares'])})"
            if value.get("requiredMiddlewares")
            else value["name"]
            for value in values
        ]
    )


def _canary(value: Data | None) -> str:
    if value is None:
        return "none"
    port = f":{value['port']}" if value["port"] else ""
    return f"{value['weight']} % to {value['service']}{port}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values) or "none"


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)


_WORDS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "k3sVersion": _k3s,
    "image": lambda before, after: f"image {before} -> {after}, when a server is created or replaced",
    "serverType": lambda before, after: f"server type {before} -> {after}, when a server is created or replaced",
    "rateLimit": lambda before, after: f"rate limit {_rate(before)} -> {_rate(after)}",
    "minTlsVersion": lambda before, after: f"minimum TLS version {before} -> {after}",
    "ingressClasses": lambda before, after: f"ingress classes {_classes(before)} -> {_classes(after)}",
    "hosts": lambda before, after: f"new hosts {', '.join(host for host in after if host not in before)}",
    "middlewares": lambda before, after: f"middlewares {_listed(before)} -> {_listed(after)}",
    "canary": lambda before, after: f"canary {_canary(before)} -> {_canary(after)}",
}
"""The sentence of each key; the others have the same one."""
