"""Find the public IPv4 address of this machine, as the servers' firewalls would see it."""

from ipaddress import AddressValueError, IPv4Address
from typing import Final

import requests

TRACE: Final = "https://1.1.1.1/cdn-cgi/trace"
"""Cloudflare's trace endpoint. An IPv4 address in the URL makes the request use IPv4, as SSH to the servers does."""
_TIMEOUT: Final = (3.0, 5.0)
"""Seconds to connect, and seconds between two bytes of the answer."""
_LENGTH: Final = 4096
"""Characters of the answer that are read. A trace has some 300."""


def own_address(url: str = TRACE) -> IPv4Address | None:
    """Return this machine's public IPv4 address, or None if the endpoint does not say it."""
    try:
        answer = requests.get(url, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return None
    if answer.status_code != requests.codes.ok:
        return None
    for line in answer.text[:_LENGTH].splitlines():
        if line.startswith("ip="):
            return _public(line.removeprefix("ip="))
    return None


def _public(text: str) -> IPv4Address | None:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return None
    return address if address.is_global else None
