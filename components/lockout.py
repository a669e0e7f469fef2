"""Advice for an SSH connection that fails. The plugin's error names neither `operators` nor this machine's address."""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pulumi

from components.addresses import PRIVATE


class LockoutAdvice:
    """Explains a failed SSH connection; the plugin's own error names only the server's address."""

    def __init__(self, operators: Iterable[IPv4Network | IPv6Network]) -> None:
        self._operators = tuple(operators)
        self.hook = pulumi.ErrorHook("explain-failed-ssh", self._explain)

    def advice(self, server: str) -> str:
        """Return advice for a machine that cannot connect to a server.

        Args:
            server: The server's public IPv4 address.
        """
        own = own_address(server)
        listed = f"honeydue:operators ({', '.join(map(str, self._operators))})"
        again = "then run `pulumi up` again. Hetzner's firewall is updated first, and needs no SSH."
        if own is None:
            return f"This machine has no route to {server}. Check its network, then run `pulumi up` again."
        if any(own in network for network in self._operators):
            return f"This machine's address, {own}, is among {listed}. Check that the server runs, {again}"
        if any(own in network for network in PRIVATE):
            return (
                f"This machine's address, {own}, is private, so the server sees the public address of its network. "
                f"Check that {listed} includes that address, {again}"
            )
        return (
            f"This machine's address, {own}, is not among {listed}, so the firewalls drop its packets. Add it, {again}"
        )

    def _explain(self, args: pulumi.ErrorHookArgs) -> bool:
        """Log the advice. Never retry, because the plugin already did."""
        silent = re.search(r"dial tcp ([0-9.]+):", args.errors[0] if args.errors else "")
        if silent:
            pulumi.log.error(f"{args.name}: cannot connect to {silent[1]} over SSH. {self.advice(silent[1])}")
        return False


def own_address(server: str) -> IPv4Address | None:
    """Return this machine's address for connections to a server, or None without a route. Sends no packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((server, 22))
        except OSError:
            return None
        return IPv4Address(probe.getsockname()[0])
