"""Each middleware does what it says, seen from outside."""

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from sandbox.engine.layout import Layout
from sandbox.engine.secrets import ADMIN_PASSWORD
from tests.edge.conftest import Stack
from tests.edge.visitor import Answer

ADMIN = "admin.sandbox.test"
API = "api.sandbox.test"
MANY = 150
"""Requests, far over the burst of 40; they would have to take over five seconds to be within the average of 20."""
AGAIN = 20
"""Requests that are too many right after those, and few enough for anybody else."""
AT_ONCE = 8
"""Requests under way, so that it is not the visitor's own slowness that keeps it within a limit."""


def from_clients(stack: Stack, clients: Sequence[str]) -> list[Answer]:
    """Requests to one node in the order of these clients, as Cloudflare's edge passes them on."""
    requests: list[Mapping[str, str]] = [{"X-Forwarded-For": client} for client in clients]
    return stack.edge().ask(API, address=stack.addresses("node1")[0], requests=requests, at_once=AT_ONCE)


def test_the_security_headers_are_on_every_answer(stack: Stack) -> None:
    [answer] = stack.browse(API)
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["permissions-policy"] == "camera=(), geolocation=(), microphone=()"


def test_the_rate_limit_limits_one_client_and_no_other(stack: Stack) -> None:
    answers = from_clients(stack, [*["203.0.113.101"] * MANY, "203.0.113.102", *["203.0.113.101"] * AGAIN])
    codes = Counter(answer.status for answer in answers[:MANY])
    assert codes[200] >= 40, "the burst is not let through"
    assert set(codes) == {200, 429}, "nothing limits"
    assert answers[MANY].status == 200, "another client pays for the first one's haste"
    assert 429 in {answer.status for answer in answers[MANY + 1 :]}


def test_a_bucket_is_full_again_after_a_pause_only(stack: Stack) -> None:
    first = from_clients(stack, ["203.0.113.103"] * MANY)
    at_once = from_clients(stack, ["203.0.113.103"] * MANY)
    let_through = sum(answer.status == 200 for answer in [*first, *at_once])
    assert let_through < MANY, f"{let_through} of {2 * MANY} requests came through: the bucket does not last"


@pytest.mark.parametrize(("other", "status"), [("2001:db8:1:1::2", 429), ("2001:db8:1:2::1", 200)])
def test_one_household_is_one_client_over_ipv6(stack: Stack, other: str, status: int) -> None:
    answers = from_clients(stack, [*["2001:db8:1:1::1"] * MANY, *[other] * AGAIN])
    assert 429 in {answer.status for answer in answers[:MANY]}
    found = {answer.status for answer in answers[MANY:]}
    assert status in found
    assert (429 in found) is (status == 429)


def test_visitors_of_the_edge_are_limited_each_for_themselves(stack: Stack) -> None:
    hasty = stack.browse(API, source="203.0.113.104", requests=[{}] * 600, at_once=AT_ONCE)
    assert {answer.status for answer in hasty} == {200, 429}, "all three nodes' bursts come to 120"
    [calm] = stack.browse(API, source="203.0.113.105")
    assert calm.status == 200


def login(stack: Stack, password: str) -> list[Answer]:
    """What the admin's page says to a password."""
    shown = base64.b64encode(f"admin:{password}".encode()).decode()
    return stack.browse(ADMIN, requests=[{"Authorization": f"Basic {shown}"}])


def test_the_admin_page_wants_the_password_and_keeps_it(stack: Stack) -> None:
    [nothing] = stack.browse(ADMIN)
    assert nothing.status == 401
    assert nothing.headers["www-authenticate"].startswith("Basic")
    [wrong] = login(stack, "guessed")
    assert wrong.status == 401
    password = json.loads(Layout(home=stack.box.home).secrets.read_text())["sandbox"][ADMIN_PASSWORD]
    [right] = login(stack, password)
    assert right.status == 200
    assert "authorization" not in right.seen["headers"], "the application sees the admin's password"
    assert password not in right.body
