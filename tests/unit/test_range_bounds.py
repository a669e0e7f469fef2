"""The bounds of one update: what lies on a bound is allowed, and what lies behind it is not."""

import pytest

from components.cloudflare_ranges import Ranges, snapshot, validate
from components.range_bounds import MOST_NEW, excesses

SIX = ["2400:cb00::/32", "2405:8100::/32"]
TRUSTED = validate(["9.0.0.0/16", "9.1.0.0/16"], SIX, previous=None)


def list_of(*ipv4: str) -> Ranges:
    return validate(ipv4, SIX, previous=None)


def test_the_trusted_list_itself_exceeds_nothing() -> None:
    assert list(excesses(snapshot(), snapshot())) == []


@pytest.mark.parametrize(
    ("new", "exceeded"),
    [
        (list_of("9.0.0.0/16", "9.1.0.0/16", "9.2.0.0/15"), ""),
        (list_of("9.0.0.0/16", "9.1.0.0/16", "9.2.0.0/15", "9.4.0.0/24"), "grew"),
        (list_of("9.0.0.0/15"), ""),
        (list_of("9.0.0.0/16"), ""),
        (list_of("9.0.0.0/17", "9.0.128.0/18"), "lost 62% of its addresses"),
        (list_of("9.8.0.0/16", "9.9.0.0/16"), "lost 100%"),
        (list_of(*(f"9.0.{number}.0/24" for number in range(MOST_NEW)), "9.1.0.0/16"), ""),
        (list_of(*(f"9.0.{number}.0/24" for number in range(MOST_NEW + 1)), "9.1.0.0/16"), "6 new ranges"),
    ],
)
def test_a_bound_is_exact(new: Ranges, exceeded: str) -> None:
    found = list(excesses(new, TRUSTED))
    assert bool(found) == bool(exceeded), found
    assert exceeded in "".join(found)


def test_each_family_has_its_own_bounds() -> None:
    new = validate(["9.0.0.0/16", "9.1.0.0/16"], ["2a00::/32"], previous=None)
    assert ["IPv6" in text for text in excesses(new, TRUSTED)] == [True]
