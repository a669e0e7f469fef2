"""Without --resolve, only an answer that passed through Cloudflare counts."""

from ops.visit.asking import Answer
from ops.visit.hosts import Host, read_hosts
from ops.visit.verdict import Verdict, judge
from sandbox.engine.layout import ROOT

HOST = Host(name="a.example.com")


def test_an_answer_that_did_not_pass_through_cloudflare_fails_though_its_status_is_200() -> None:
    parked = judge(HOST, Answer(status=200, body="this domain is for sale"), from_cloudflare=True)
    assert parked.verdict is Verdict.FAILED
    assert "cf-ray" in parked.reason
    passed = judge(HOST, Answer(status=200, headers={"cf-ray": "8f1-FRA"}), from_cloudflare=True)
    assert (passed.verdict, passed.reason) == (Verdict.ANSWERED, "")


def test_the_public_hosts_of_a_stack_are_those_of_all_its_routes_in_order() -> None:
    hosts = read_hosts(ROOT / "Pulumi.prod.yaml")
    assert [host.name for host in hosts] == ["admin.myhoneydue.com", "api.myhoneydue.com", "myhoneydue.com"]
