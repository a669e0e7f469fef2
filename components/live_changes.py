"""Refuse changes of the stack file that the deployed stack cannot follow, and name an alternative for each.

Sources: etcd's peer addresses and versions, k3s' units, Kubernetes' version skew policy, Cloudflare's origin pulls.
"""

import re
from collections.abc import Iterator

from components.deployed import Deployed
from components.problems import Problem, shown
from components.settings import Settings
from components.versions import K3S_RELEASES

_MOVE = "To change it, deploy a new stack beside this one and move the hosts to it"


def live_changes(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    """Return every change that the deployed stack cannot follow."""
    yield from _networks(wanted, deployed)
    yield from _servers(wanted, deployed)
    yield from _user(wanted, deployed)
    yield from _namespace(wanted, deployed)
    yield from _k3s(wanted, deployed)


def _networks(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    for key, value in (("networkRange", wanted.network_range), ("subnetRange", wanted.subnet_range)):
        before = deployed.networks.get(key, str(value))
        if before != str(value):
            why = f"this stack was deployed with {before}, and a running cluster keeps its addresses"
            yield Problem(f"honeydue:{key}", shown(str(value)), f"{why}. Keep {before}. {_MOVE}")


def _servers(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    for index, server in enumerate(wanted.servers):
        instead = f"add a server with another name, then remove {server.name}, in two updates"
        place = f"honeydue:servers[{index}]"
        address, role = str(server.private_ip), server.role
        before = deployed.private_ips.get(server.name, address)
        if before != address:
            why = f"{server.name} was deployed with {before}, and its etcd member keeps that address"
            yield Problem(f"{place}.privateIp", shown(address), f"{why}. Keep {before}; to move, {instead}")
        former = deployed.roles.get(server.name, role)
        if former != role:
            why = f"{server.name} was deployed as {former}, and both k3s units would run on it"
            yield Problem(f"{place}.role", shown(role), f"{why}. Keep {former}; to change it, {instead}")


def _user(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    before = next((user for user in deployed.users.values() if user != wanted.user), None)
    if before:
        why = f"the servers were deployed with {before}, and no other user can log in to them"
        yield Problem("honeydue:user", shown(wanted.user), f"{why}. Keep {before}. {_MOVE}")


def _namespace(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    before = deployed.namespace or wanted.namespace
    if before != wanted.namespace:
        why = f"this stack was deployed with {before}, and every workload runs in that namespace"
        yield Problem("honeydue:namespace", shown(wanted.namespace), f"{why}. Keep {before}. {_MOVE}")


def _k3s(wanted: Settings, deployed: Deployed) -> Iterator[Problem]:
    running = sorted(set(deployed.k3s_versions.values()), key=_numbers)
    if not running or running == [wanted.k3s_version]:
        return
    oldest, newest, new = _numbers(running[0]), _numbers(running[-1]), _numbers(wanted.k3s_version)
    allowed = [
        name for name in K3S_RELEASES if newest <= _numbers(name) and _numbers(name)[:2] <= (oldest[0], oldest[1] + 1)
    ]
    after = f"this stack runs {', '.join(running)}. Allowed next: {', '.join(allowed) or 'none in the catalogue'}"
    if new < newest:
        yield Problem("honeydue:k3sVersion", shown(wanted.k3s_version), f"etcd refuses a downgrade, and {after}")
    elif new[:2] > (oldest[0], oldest[1] + 1):
        why = "Kubernetes supports upgrades by one minor version at a time"
        yield Problem("honeydue:k3sVersion", shown(wanted.k3s_version), f"{why}, and {after}")
    elif wanted.replacing:
        why = "a new member must run what its peers run"
        then = "Upgrade and replace in two updates: take one of the two changes back for now"
        yield Problem("honeydue:replacing", shown(wanted.replacing), f"{why}, and k3sVersion changes too. {then}")


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a release, which sort like the releases: `v1.34.6+k3s1` gives (1, 34, 6, 3, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", version))
