"""Cloudflare's ranges: a list that would open or close the origin never gets past validation."""

import json
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import cloudflare_ranges
from components.cloudflare_ranges import Ranges, snapshot, validate

FOUR = ["104.16.0.0/13", "173.245.48.0/20", "131.0.72.0/22"]
SIX = ["2400:cb00::/32", "2a06:98c0::/29"]


def refused(ipv4: list[str], ipv6: list[str], previous: Ranges | None = None) -> str:
    """What the refusal says."""
    with pytest.raises(ValueError, match=r".") as caught:
        validate(ipv4, ipv6, previous=previous)
    return str(caught.value)


def test_the_snapshot_holds_cloudflares_22_ranges() -> None:
    ranges = snapshot()
    assert (len(ranges.ipv4), len(ranges.ipv6)) == (15, 7)
    assert IPv4Network("173.245.48.0/20") in ranges.ipv4
    assert IPv6Network("2c0f:f248::/32") in ranges.ipv6
    assert ranges.all == (*ranges.ipv4, *ranges.ipv6)


def test_the_snapshot_file_is_sorted_and_says_where_it_is_from() -> None:
    data = json.loads(Path(cloudflare_ranges.__file__).with_suffix(".json").read_text())
    assert data["source"].startswith("https://www.cloudflare.com/")
    assert data["date"]
    assert data["ipv4"] + data["ipv6"] == snapshot().cidrs, "an unsorted file makes its next diff hard to read"


def test_order_and_spelling_of_the_source_do_not_matter() -> None:
    one = validate(FOUR, SIX, previous=None)
    other = validate(FOUR[::-1], ["2A06:98C0:0::/29", "2400:cb00:0000::/32"], previous=None)
    assert one == other
    assert one.digest == other.digest, "a reordered answer would rewrite every server's firewall"
    assert one.cidrs == ["104.16.0.0/13", "131.0.72.0/22", "173.245.48.0/20", "2400:cb00::/32", "2a06:98c0::/29"]


def test_another_range_is_another_digest() -> None:
    assert validate(FOUR, SIX, previous=None).digest != validate(FOUR[1:], SIX, previous=None).digest


@pytest.mark.parametrize(
    ("ipv4", "said"),
    [
        ([], "the IPv4 list is empty"),
        (["nonsense"], "'nonsense' is not an address range"),
        (["104.16.0.1/13"], "'104.16.0.1/13' is not an address range"),
        (["2400:cb00::/32"], "2400:cb00::/32 is not an IPv4 range"),
        (["104.16.0.0/13", "104.16.0.0/13"], "overlap"),
        (["104.16.0.0/13", "104.17.0.0/16"], "overlap"),
        (["0.0.0.0/0"], "0.0.0.0/0 is too broad; it must be /8 or narrower"),
        (["104.0.0.0/7"], "too broad"),
        (["10.1.0.0/16"], "overlaps reserved space 10.0.0.0/8"),
        (["127.0.0.0/24"], "overlaps reserved space 127.0.0.0/8"),
        (["169.254.1.0/24"], "overlaps reserved space 169.254.0.0/16"),
        (["224.0.1.0/24"], "overlaps reserved space 224.0.0.0/4"),
        (["192.0.0.0/8"], "overlaps reserved space 192.168.0.0/16"),
    ],
)
def test_an_ipv4_list_that_would_open_or_close_the_origin_is_refused(ipv4: list[str], said: str) -> None:
    assert said in refused(ipv4, SIX)


@pytest.mark.parametrize(
    ("ipv6", "said"),
    [
        ([], "the IPv6 list is empty"),
        (["2400::/15"], "too broad; it must be /16 or narrower"),
        (["::/0"], "too broad"),
        (["fd00::/32"], "overlaps reserved space fc00::/7"),
        (["fe80::/32"], "overlaps reserved space fe80::/10"),
        (["ff02::/32"], "overlaps reserved space ff00::/8"),
        (["::1/128"], "overlaps reserved space ::/8"),
        (["2001:db8::/48"], "overlaps reserved space 2001:db8::/32"),
        (["3fff::/32"], "overlaps reserved space 3fff::/20"),
        (["104.16.0.0/13"], "104.16.0.0/13 is not an IPv6 range"),
    ],
)
def test_an_ipv6_list_that_would_open_or_close_the_origin_is_refused(ipv6: list[str], said: str) -> None:
    assert said in refused(FOUR, ipv6)


def test_all_problems_of_both_lists_are_told_at_once() -> None:
    said = refused(["0.0.0.0/0", "x"], [])
    assert "too broad" in said
    assert "'x' is not an address range" in said
    assert "the IPv6 list is empty" in said


def test_a_value_that_is_no_text_is_refused_in_words() -> None:
    assert "None is not an address range" in refused([None], SIX)  # type: ignore[list-item] # what a live answer might hold


def test_a_list_that_lost_half_is_refused_and_one_that_lost_less_is_not() -> None:
    previous = validate(["104.16.0.0/13", "173.245.48.0/20", "131.0.72.0/22", "141.101.64.0/18"], SIX, previous=None)
    assert "the IPv4 list shrank from 4 to 2 ranges; at least 3 must remain" in refused(FOUR[:2], SIX, previous)
    assert len(validate(FOUR, SIX, previous=previous).ipv4) == 3
    assert "the IPv6 list shrank from 2 to 1 ranges" in refused(FOUR, SIX[:1], previous)


def test_the_snapshot_itself_passes_against_itself() -> None:
    ranges = snapshot()
    texts = [[str(network) for network in family] for family in (ranges.ipv4, ranges.ipv6)]
    assert validate(*texts, previous=ranges) == ranges


@given(st.permutations(snapshot().cidrs[:15]), st.permutations(snapshot().cidrs[15:]))
def test_any_order_gives_the_same_ranges(ipv4: list[str], ipv6: list[str]) -> None:
    assert validate(ipv4, ipv6, previous=snapshot()) == snapshot()


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_what_passes_is_never_broad_and_never_private(address: int, length: int) -> None:
    network = IPv4Network((address, length), strict=False)
    try:
        accepted = validate([str(network)], SIX, previous=None).ipv4
    except ValueError:
        return
    assert all(entry.prefixlen >= 8 for entry in accepted), "a broad range opens the origin to strangers"
    assert not any(entry.overlaps(ip_network("10.0.0.0/8")) for entry in accepted), "private space is the nodes' own"
    assert not any(entry.is_multicast or entry.is_loopback for entry in accepted)
