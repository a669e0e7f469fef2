"""`promote --write` changes what travels, and no other byte, however the file is written."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from components.settings import Settings
from ops.stacks.differences import as_data, compare
from ops.stacks.edit import EditError, edited
from ops.stacks.files import StackFile
from ops.stacks.loading import load_for_comparison
from ops.stacks.promotion import promoted
from tests.ops.stacks.written_files import ENCRYPTED, OWN, Written, own, travelling, written

FROM: Final = Path("Pulumi.one.yaml")
TO: Final = Path("Pulumi.two.yaml")
BOUNDED: Final = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=[HealthCheck.too_slow]
)
"""Without shrinking, which takes minutes for two files."""


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Written, Written]:
    """Return two stack files."""
    one = {**draw(own("one.com", 1)), **draw(travelling("one.com"))}
    two = {**draw(own("two.org", 2)), **draw(travelling("two.org"))}
    return draw(written(one)), draw(written(two))


@settings(BOUNDED, max_examples=150)
@given(pairs())
def test_a_promotion_changes_what_travels_and_no_other_byte(pair: tuple[Written, Written]) -> None:
    source, before = StackFile.parse(FROM, pair[0].text), StackFile.parse(TO, pair[1].text)
    comparison = compare(load_for_comparison(source), load_for_comparison(before))
    if comparison.refusals:
        return
    try:
        text = promoted(before, comparison)
    except EditError as error:
        assert pair[1].list_comments, "only a list that shrinks and has comments may be refused"
        assert "comments in it" in str(error)  # noqa: PT017 - a success is as good, and is judged below
        return
    after = StackFile.parse(TO, text)

    again = compare(load_for_comparison(source), load_for_comparison(after))
    assert not again.travelling, "a second promotion would change something"
    expected = as_data(Settings.model_validate(comparison.after))
    assert as_data(load_for_comparison(after)) == expected

    position = 0
    for key, chunk in pair[1].chunks.items():
        if key in OWN or ":" in key:
            stripped = chunk.rstrip("\r\n")
            position = text.find(stripped, position)
            assert position >= 0, f"{key} changed or moved"
            position += len(stripped)
    for comment in pair[1].comments:
        assert comment in text, f"{comment} was lost"
    assert text.count(f"{ENCRYPTED}2") == pair[1].text.count(f"{ENCRYPTED}2")
    assert f"{ENCRYPTED}1" not in text, "a secret travelled"
    assert ("\r\n" in text) == ("\r\n" in pair[1].text)
    assert text.replace("\r\n", "").count("\n") == (0 if "\r\n" in text else text.count("\n"))
    assert yaml.safe_load(text).keys() == yaml.safe_load(pair[1].text).keys()


@settings(BOUNDED, max_examples=25)
@given(pairs())
def test_without_a_difference_the_text_is_the_same(pair: tuple[Written, Written]) -> None:
    file = StackFile.parse(TO, pair[1].text)
    config = load_for_comparison(file)
    assert promoted(file, compare(config, config)) == pair[1].text


def parsed(config: str) -> StackFile:
    return StackFile.parse(TO, f"config:\n{config}")


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("  honeydue:image: a # why\n", {"image": "b"}, "  honeydue:image: b # why\n"),
        ("  honeydue:image: 'a'\n", {"image": "b"}, "  honeydue:image: 'b'\n"),
        ('  honeydue:image: "a"', {"image": "b"}, '  honeydue:image: "b"'),
        ("  honeydue:image:\n", {"image": "b"}, "  honeydue:image: b\n"),
        ("  honeydue:zone: x\n", {"image": "b"}, "  honeydue:zone: x\n  honeydue:image: b\n"),
        ("  honeydue:zone: x", {"image": "b"}, "  honeydue:zone: x\n  honeydue:image: b"),
        (
            "  honeydue:zone: x # end\n  # tail",
            {"image": "b"},
            "  honeydue:zone: x # end\n  honeydue:image: b\n  # tail",
        ),
        ("    honeydue:zone: |\n      x\n", {"image": "b"}, "    honeydue:zone: |\n      x\n    honeydue:image: b\n"),
        ("  {honeydue:zone: x}\n", {"image": "b"}, "  {honeydue:zone: x, honeydue:image: b}\n"),
    ],
)
def test_one_value_is_changed_or_added_in_place(text: str, changes: dict[str, Any], expected: str) -> None:
    assert edited(parsed(text), {"image": "a"}, changes) == f"config:\n{expected}"


LISTED: Final = (
    "  honeydue:routes:\n  - {name: one} # first\n  - name: two\n    port: 80 # second\n  honeydue:zone: x\n"
)


def test_a_list_grows_behind_its_last_item() -> None:
    before = [{"name": "one"}, {"name": "two", "port": 80}]
    after = [{"name": "one", "port": 1}, {"name": "two", "port": 80, "sticky": "a"}, {"name": "three", "port": 3}]
    assert edited(parsed(LISTED), {"routes": before}, {"routes": after}) == (
        "config:\n  honeydue:routes:\n  - {name: one, port: 1} # first\n  - name: two\n    port: 80 # second\n"
        "    sticky: a\n  - name: three\n    port: 3\n  honeydue:zone: x\n"
    )


def test_a_list_with_comments_is_not_shortened() -> None:
    before = [{"name": "one"}, {"name": "two", "port": 80}]
    with pytest.raises(EditError, match="comments in it"):
        edited(parsed(LISTED), {"routes": before}, {"routes": before[:1]})


def test_a_block_that_shrinks_becomes_one_line() -> None:
    text = "  honeydue:ingressClasses:\n    - name: a\n    - name: b\n  # kept\n"
    before, after = [{"name": "a"}, {"name": "b"}], [{"name": "a"}]
    changed = edited(parsed(text), {"ingressClasses": before}, {"ingressClasses": after})
    assert changed == "config:\n  honeydue:ingressClasses: [{name: a}]\n  # kept\n"


SHARED: Final = """config:
  honeydue:zone: two.org
  honeydue:servers: [{name: hetzner1, privateIp: 10.0.1.11}]
  honeydue:operators: []
  honeydue:routes:
    - {name: a, hosts: [a.two.org], service: a, port: 80, middlewares: &common [cloudflare-only]}
    - {name: b, hosts: [b.two.org], service: b, port: 80, middlewares: *common}
"""


def test_a_value_that_two_routes_share_is_not_changed_for_one_of_them() -> None:
    alone = SHARED.replace("&common ", "").replace("*common", "[cloudflare-only]")
    other = alone.replace("[cloudflare-only]", "[cloudflare-only, rate-limit]", 1)
    file = StackFile.parse(TO, SHARED)
    source = load_for_comparison(StackFile.parse(FROM, other))
    with pytest.raises(EditError, match="by hand"):
        promoted(file, compare(source, load_for_comparison(file)))


def test_a_value_that_another_key_refers_to_is_not_changed() -> None:
    text = SHARED.replace("&common ", "").replace("*common", "[cloudflare-only]")
    file = StackFile.parse(TO, f"{text}  other:key: &limit {{average: 20}}\n  honeydue:rateLimit: *limit\n")
    source = load_for_comparison(StackFile.parse(FROM, f"{text}  honeydue:rateLimit: {{average: 30}}\n"))
    with pytest.raises(EditError, match="by hand"):
        promoted(file, compare(source, load_for_comparison(file)))


def test_a_comment_behind_a_key_stays_even_if_it_ends_like_a_key() -> None:
    text = "  honeydue:ingressClasses: # see here:\n  - name: a\n  - name: b\n  honeydue:zone: x\n"
    before, after = [{"name": "a"}, {"name": "b"}], [{"name": "a"}]
    changed = edited(parsed(text), {"ingressClasses": before}, {"ingressClasses": after})
    assert changed == "config:\n  honeydue:ingressClasses: # see here:\n    [{name: a}]\n  honeydue:zone: x\n"
