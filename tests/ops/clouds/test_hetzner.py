"""The reader of Hetzner's API, on a stack that the engine brought up."""

import pytest

from ops.clouds.hetzner import Hetzner
from ops.http import ATTEMPTS, ApiError
from sandbox.clouds_api.accounts import Accounts, HetznerToken
from sandbox.clouds_api.hetzner_catalogue import Catalogue
from sandbox.clouds_api.serving import ApiFault, Endpoints, clouds_api
from sandbox.world import World
from tests.ops.clouds.conftest import HETZNER_TOKEN, closed_port


@pytest.fixture
def hetzner(endpoints: Endpoints, tokens: dict[str, str]) -> Hetzner:
    return Hetzner(tokens["hcloud:token"], endpoints.hetzner, backoff=0)


def put_keys(world: World, count: int) -> None:
    for number in range(count):
        data = {"name": f"key-{number}", "publicKey": f"ssh-ed25519 {number}", "fingerprint": str(number)}
        world.put("ssh_key", str(number + 1), data, provider="hcloud", name=f"key-{number}")


def test_each_server_has_the_addresses_network_group_and_firewall_of_the_stack(hetzner: Hetzner) -> None:
    servers = sorted(hetzner.servers(), key=lambda server: server.name)  # created at the same time
    assert [server.name for server in servers] == ["sandbox-node1", "sandbox-node2", "sandbox-node3"]
    addresses = {address.id: address for address in hetzner.primary_ips()}
    [network], [firewall], [group] = hetzner.networks(), hetzner.firewalls(), hetzner.placement_groups()
    for server in servers:
        assert server.status == "running"
        assert (server.location.name, server.server_type.name) == ("fsn1", "cx33")
        assert server.public_net.ipv4
        assert server.public_net.ipv6
        for side in (server.public_net.ipv4, server.public_net.ipv6):
            assert side.id is not None
            assert addresses[side.id].assignee_id == server.id
            assert addresses[side.id].ip == side.ip
        assert [each.id for each in server.public_net.firewalls] == [firewall.id]
        assert [each.network for each in server.private_net] == [network.id]
        assert server.placement_group is not None
        assert server.placement_group.id == group.id
        assert server.protection.delete is False
    assert [server.private_net[0].ip for server in servers] == ["10.0.1.11", "10.0.1.12", "10.0.1.13"]
    assert set(network.servers) == set(group.servers) == {server.id for server in servers}


def test_the_network_has_its_range_and_subnet_and_the_firewall_its_rules(hetzner: Hetzner) -> None:
    [network], [firewall] = hetzner.networks(), hetzner.firewalls()
    assert network.ip_range == "10.0.0.0/16"
    assert [(each.ip_range, each.network_zone) for each in network.subnets] == [("10.0.1.0/24", "eu-central")]
    ssh = next(rule for rule in firewall.rules if rule.port == "22")
    assert ssh.source_ips == ("198.18.0.10/32", "2001:2:0:ffff::/64")


def test_a_primary_ipv6_address_is_a_network(hetzner: Hetzner) -> None:
    assert {each.ip.endswith("::/64") for each in hetzner.primary_ips() if each.type == "ipv6"} == {True}


def test_lists_are_filtered_by_name_and_by_label(hetzner: Hetzner) -> None:
    assert [each.name for each in hetzner.servers(name="sandbox-node2")] == ["sandbox-node2"]
    assert hetzner.servers(name="node2") == []
    [network] = hetzner.networks()
    key, value = next(iter(network.labels.items()))
    assert hetzner.networks(label=f"{key}={value}") == [network]
    assert hetzner.networks(label=f"{key}!={value}") == []
    assert hetzner.networks(label=f"!{key}") == []


def test_all_pages_of_a_list_are_read(hetzner: Hetzner, endpoints: Endpoints, world: World) -> None:
    put_keys(world, 120)
    assert len({key.id for key in hetzner.ssh_keys()}) == 121
    assert endpoints.requests.count("hetzner GET /ssh_keys") == 3


def test_a_server_type_says_where_it_is_available(world: World) -> None:
    accounts = Accounts(catalogue=Catalogue(sold_out=frozenset({("cx33", "nbg1")})))
    with clouds_api(world, accounts) as endpoints:
        hetzner = Hetzner(HETZNER_TOKEN, endpoints.hetzner)
        sold = hetzner.server_type("cx33")
        assert sold is not None
        assert {each.name: each.available for each in sold.locations} == {"fsn1": True, "hel1": True, "nbg1": False}
        assert sold.at("ash") is None
        withdrawn = hetzner.server_type("cx22")
        assert withdrawn is not None
        place = withdrawn.at("fsn1")
        assert place is not None
        assert not place.available
        assert place.deprecation is not None
        assert hetzner.server_type("cx1000") is None


def test_locations_have_their_network_zone(hetzner: Hetzner) -> None:
    zones = {each.name: each.network_zone for each in hetzner.locations()}
    assert (zones["nbg1"], zones["ash"], zones["sin"]) == ("eu-central", "us-east", "ap-southeast")


def test_an_unknown_token_is_refused_and_is_in_no_error(world: World) -> None:
    with clouds_api(world, Accounts(hetzner=(HetznerToken(secret=HETZNER_TOKEN),))) as endpoints:
        hetzner = Hetzner("x" * 64, endpoints.hetzner)
        for request in (hetzner.servers, hetzner.can_write):
            with pytest.raises(ApiError) as refused:
                request()
            assert refused.value.status == 401
            assert "x" * 64 not in str(refused.value)


def test_a_read_only_token_is_told_from_one_that_may_write_and_nothing_is_created(world: World) -> None:
    tokens = (HetznerToken(secret="r" * 64, read_only=True), HetznerToken(secret=HETZNER_TOKEN))
    before = world.counts()
    with clouds_api(world, Accounts(hetzner=tokens)) as endpoints:
        assert Hetzner("r" * 64, endpoints.hetzner).can_write() is False
        assert Hetzner(HETZNER_TOKEN, endpoints.hetzner).can_write() is True
    assert world.counts() == before


def test_it_is_unknown_whether_a_token_may_write_while_the_api_fails(world: World) -> None:
    with clouds_api(world, faults=(ApiFault(api="hetzner", status=503),)) as endpoints:
        assert Hetzner(HETZNER_TOKEN, endpoints.hetzner).can_write() is None


def test_a_busy_api_is_asked_again_and_then_given_up(world: World) -> None:
    with clouds_api(world, faults=(ApiFault(api="hetzner", status=429, times=2),)) as endpoints:
        assert len(Hetzner(HETZNER_TOKEN, endpoints.hetzner, backoff=0).servers()) == 3
        assert len(endpoints.requests) == 3
    with clouds_api(world, faults=(ApiFault(api="hetzner", status=429, times=ATTEMPTS),)) as endpoints:
        with pytest.raises(ApiError, match="limit of 3600 requests") as refused:
            Hetzner(HETZNER_TOKEN, endpoints.hetzner, backoff=0).servers()
        assert refused.value.status == 429
        assert len(endpoints.requests) == ATTEMPTS


def test_an_api_that_cannot_be_reached_is_one_error() -> None:
    with pytest.raises(ApiError, match="no answer from") as failed:
        Hetzner(HETZNER_TOKEN, f"http://127.0.0.1:{closed_port()}/v1", backoff=0).can_write()
    assert failed.value.status == 0


def test_the_variable_names_the_endpoint(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HCLOUD_ENDPOINT", endpoints.variables["HCLOUD_ENDPOINT"])
    assert len(Hetzner(HETZNER_TOKEN).servers()) == 3
