"""The address plan, by exact values."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.addresses import AddressPlan, first_host


def plan(network: str = "10.0.0.0/16", subnet: str = "10.0.1.0/24") -> AddressPlan:
    return AddressPlan(network=IPv4Network(network), subnet=IPv4Network(subnet))


def test_the_designs_plan_has_k3s_own_ranges() -> None:
    design = plan()
    assert design.pod_cidr == IPv4Network("10.42.0.0/16")
    assert design.service_cidr == IPv4Network("10.43.0.0/16")
    assert design.cluster_dns == IPv4Address("10.43.0.10")


@pytest.mark.parametrize(
    ("network", "subnet", "said"),
    [
        ("8.8.0.0/16", "8.8.1.0/24", "network 8.8.0.0/16 is not private"),
        ("172.0.0.0/8", "172.16.0.0/24", "network 172.0.0.0/8 is not private"),
        ("10.0.0.0/16", "10.1.1.0/24", "subnet 10.1.1.0/24 is outside the network; it must be inside 10.0.0.0/16"),
        ("10.0.0.0/16", "10.0.0.0/15", "is outside the network"),
        ("10.0.0.0/16", "10.0.1.0/30", "too small for the servers"),
        ("10.0.0.0/8", "10.0.1.0/24", "overlaps the cluster's pod range 10.42.0.0/16"),
        ("10.43.0.0/20", "10.43.1.0/24", "overlaps the cluster's service range 10.43.0.0/16"),
    ],
)
def test_a_plan_that_runs_into_itself_is_refused(network: str, subnet: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        plan(network, subnet)
    assert said in str(caught.value)


def test_a_network_with_host_bits_is_refused_since_the_provider_would_replace_it() -> None:
    with pytest.raises(ValueError, match="host bits"):
        plan(network="10.0.0.1/16")


def test_all_contradictions_of_a_plan_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"not private.*outside the network"):
        plan("9.0.0.0/16", "10.0.1.0/24")


def test_a_dns_address_outside_the_service_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cluster DNS 10.44.0.10 is outside"):
        AddressPlan(
            network=IPv4Network("10.0.0.0/16"),
            subnet=IPv4Network("10.0.1.0/24"),
            cluster_dns=IPv4Address("10.44.0.10"),
        )


def test_pods_and_services_may_not_share_addresses() -> None:
    with pytest.raises(ValueError, match=r"pod range 10.43.0.0/17 overlaps service range"):
        AddressPlan(
            network=IPv4Network("10.0.0.0/16"),
            subnet=IPv4Network("10.0.1.0/24"),
            pod_cidr=IPv4Network("10.43.0.0/17"),
        )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("10.0.2.11", "10.0.2.11 is outside the subnet 10.0.1.0/24; allowed: 10.0.1.2 to 10.0.1.254"),
        ("10.0.1.0", "the subnet's network address"),
        ("10.0.1.255", "broadcast"),
        ("10.0.1.1", "which Hetzner reserves"),
    ],
)
def test_a_server_gets_no_address_that_is_taken_or_outside(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        plan().check_server(IPv4Address(address))
    assert said in str(caught.value)


def test_the_networks_own_gateway_is_reserved_also_in_a_subnet_that_starts_later() -> None:
    with pytest.raises(ValueError, match="Hetzner reserves"):
        plan("10.0.0.0/16", "10.0.0.0/24").check_server(IPv4Address("10.0.0.1"))


def test_the_designs_servers_have_good_addresses() -> None:
    for last in (11, 12, 13):
        plan().check_server(IPv4Address(f"10.0.1.{last}"))


@pytest.mark.parametrize(
    ("given_text", "host"),
    [
        ("2001:db8:1::", "2001:db8:1::1"),
        ("2001:db8:1::/64", "2001:db8:1::1"),
        ("2001:DB8:1:0:0:0:0:0/64", "2001:db8:1::1"),
        ("2001:db8:1::1", "2001:db8:1::1"),
        (" 2001:db8:1::1\n", "2001:db8:1::1"),
        ("2a01:4f8:c012:9::/64", "2a01:4f8:c012:9::1"),
    ],
)
def test_the_first_host_is_spelled_as_dns_providers_store_it(given_text: str, host: str) -> None:
    assert first_host(given_text) == host, "another spelling is a diff of the AAAA record after every refresh"


@pytest.mark.parametrize("text", ["", "hetzner1", "203.0.113.7", "203.0.113.0/24"])
def test_what_is_no_ipv6_address_has_no_first_host(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        first_host(text)


@given(st.integers(0, 2**128 - 1))
def test_the_first_host_of_the_first_host_is_itself(number: int) -> None:
    address = IPv6Address(number)
    host = first_host(str(address))
    assert first_host(host) == host
    assert IPv6Address(host) in IPv6Network((address, 64), strict=False), (
        "a server must answer on the address DNS gives"
    )
