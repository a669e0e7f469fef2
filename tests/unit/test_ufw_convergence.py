"""The reconciler from anywhere to anywhere, against UFW's rule list as simulated."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from components.host import ufw
from tests.unit.simulated_ufw import SimulatedUfw
from tests.unit.test_ufw_reconcile import policy, rule

SOURCES = st.sampled_from(["10.0.1.0/24", "10.42.0.0/16", "203.0.113.7/32", "198.51.100.0/24", "2400:cb00::/32"])
PORTS = st.sampled_from([("443", "tcp"), ("22", "tcp"), ("2379:2380", "tcp"), ("8472", "udp"), ("53", ""), ("", "")])
COMMENTS = st.sampled_from(["pods", "ssh from operators", "etcd (2)", "a, b: c/d"])
WANTED = st.lists(
    st.builds(lambda source, port, comment: rule(source, port[0], port[1], comment), SOURCES, PORTS, COMMENTS),
    min_size=1,
    max_size=8,
    unique_by=lambda item: (item["from"], item["port"], item["proto"]),
)
FOREIGN = st.lists(
    st.sampled_from(
        [
            "ufw allow 22/tcp",
            "ufw limit 2222/tcp comment 'slow'",
            "ufw deny from 1.2.3.4",
            "ufw deny from 10.42.0.0/16",
            "ufw reject from 10.0.1.0/24 to any port 443 proto tcp",
            "ufw allow log-all from 10.42.0.0/16 comment 'pods'",
            "ufw deny from 203.0.113.7 to any port 22 proto tcp",
            "ufw reject out 25",
            "ufw route allow in on eth0 out on eth1",
        ]
    ),
    max_size=6,
)


def simulated(foreign: list[str], present: list[dict[str, str]], *, active: bool) -> SimulatedUfw:
    """A UFW with a past: somebody's rules, and some of ours."""
    machine = SimulatedUfw("\n".join(foreign), active=active)
    for item in present:
        words, comment = ufw.canonical(item)
        machine.run(["ufw", *words, "comment", comment])
    return machine


@given(FOREIGN, WANTED, WANTED, st.booleans())
def test_one_run_reaches_the_policy_from_any_state_and_a_second_does_nothing(
    foreign: list[str], present: list[dict[str, str]], wanted: list[dict[str, str]], active: bool
) -> None:
    machine = simulated(foreign, present, active=active)
    for command in ufw.reconcile(policy(*wanted), machine.added, machine.status):
        machine.run(command)
    assert dict(machine.rules) == dict(ufw.canonical(item) for item in wanted)
    assert machine.active
    assert machine.defaults == {"incoming": "deny", "outgoing": "allow", "routed": "deny"}
    assert ufw.reconcile(policy(*wanted), machine.added, machine.status) == []


@given(FOREIGN, WANTED, WANTED)
def test_a_source_allowed_before_and_after_is_never_blocked_in_between(
    foreign: list[str], present: list[dict[str, str]], wanted: list[dict[str, str]]
) -> None:
    machine = simulated(foreign, present, active=True)
    both = {words for words, _ in machine.rules} & {ufw.canonical(item)[0] for item in wanted}
    for command in ufw.reconcile(policy(*wanted), machine.added, machine.status):
        machine.run(command)
        assert both <= {words for words, _ in machine.rules}, f"after {command} a rule that stays was gone"


@given(FOREIGN, WANTED, WANTED, st.booleans())
def test_a_rollback_restores_rules_order_defaults_and_switch(
    foreign: list[str], present: list[dict[str, str]], wanted: list[dict[str, str]], active: bool
) -> None:
    before = simulated(foreign, present, active=active)
    defaults = list(before.defaults.values())
    machine = copy.deepcopy(before)
    for command in ufw.reconcile(policy(*wanted), machine.added, machine.status):
        machine.run(command)
    for command in ufw.steps(dict(ufw.parse(before.added)), defaults, active, machine.added, machine.status):
        machine.run(command)
    assert (machine.active, machine.defaults) == (active, before.defaults)
    assert dict(machine.rules) == dict(before.rules)
    if not all("allow" in words[:2] for words, _ in before.rules):
        assert machine.rules == before.rules, "where a rule denies, another order lets other traffic through"
