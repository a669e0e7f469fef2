"""Which pod a request ends at: canary weights, sticky cookies, ingress classes."""

import json
from collections import Counter

from tests.edge.conftest import Stack
from tests.edge.visitor import Answer

CANARY = "canary.sandbox.test"
STICKY = "sticky.sandbox.test"
PARTNERS = "partners.sandbox.test"
REQUESTS = 2000


def service(answer: Answer) -> str:
    """The Service whose pod answered."""
    return str(answer.seen["pod"]).rsplit("-", 2)[0]


def test_a_canary_gets_its_share(stack: Stack) -> None:
    clients = [{"X-Forwarded-For": f"10.{number // 250}.{number % 250}.1"} for number in range(REQUESTS)]
    answers = stack.edge().ask(CANARY, address=stack.addresses("node2")[0], requests=clients)
    assert {answer.status for answer in answers} == {200}
    shares = Counter(map(service, answers))
    assert set(shares) == {"api", "api-next"}
    assert REQUESTS * 0.08 <= shares["api-next"] <= REQUESTS * 0.12, f"10 of 100 were asked for: {shares}"


def test_a_cookie_keeps_a_visitor_at_one_pod(stack: Stack) -> None:
    # The canary leads to the same Service, without a cookie: the sticky route's own must not be lost over that.
    seen: set[str] = set()
    for visitor in range(30):
        cookie = "; ".join(part.partition(";")[0] for part in cookies(stack))
        source = f"203.0.113.{100 + visitor}"
        again = stack.browse(STICKY, source=source, requests=[{"Cookie": cookie}] * 20)
        assert {answer.status for answer in again} == {200}
        pods = {answer.seen["pod"] for answer in again}
        assert len(pods) == 1, f"one visitor met {pods}"
        seen |= pods
        if len(seen) > 1 and visitor >= 5:
            return
    raise AssertionError("all visitors end at one pod, so the cookie proves nothing")


def cookies(stack: Stack) -> list[str]:
    """A new visitor's cookies; the answer has one header for each."""
    done = stack.box.command("curl", f"https://{STICKY}/", "--output", "/dev/null", "--dump-header", "-")
    lines = [line for line in done.stdout.splitlines() if line.lower().startswith("set-cookie:")]
    assert lines, done.stdout
    for line in lines:
        assert "HttpOnly" in line
        assert "Secure" in line
        assert "SameSite=Lax" in line
    return [line.partition(":")[2].strip() for line in lines]


def test_each_ingress_class_has_its_own_policy(stack: Stack) -> None:
    found = json.loads(stack.kubectl("get", "ingressclasses", "-o", "json"))["items"]
    required = {
        item["metadata"]["name"]: item["metadata"].get("annotations", {}).get("honeydue.com/required-middlewares", "")
        for item in found
    }
    assert required == {"traefik": "", "partners": "cloudflare-only,rate-limit"}
    [partner], [api] = stack.browse(PARTNERS), stack.browse("api.sandbox.test")
    assert (partner.status, api.status) == (200, 200)
    assert "x-frame-options" not in partner.headers, "the partners' route has another class's middlewares"
    assert "x-frame-options" in api.headers
