"""docs/security.md knows every key and token that the program makes."""

import json
from typing import Final

import pytest

from tests.program.recorder import Recording, Registration
from tests.stack_files import ROOT

CLOUDFLARE: Final = "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate"
KINDS: Final = (":PrivateKey", ":RandomPassword")
ROWS: Final = {
    "edge-ssh": "SSH key",
    "-host-key": "host key of a server",
    "k3s-server-token": "k3s server token",
    "k3s-agent-token": "k3s agent token",
    "origin-1-key": "key of the origin certificate",
    "pulls-ca-key": "key of the origin pulls' CA",
    "pulls-1-key": "client key of the origin pulls",
}
"""The row of each secret, by the end of its resource's name."""


def made(recording: Recording, name: str) -> Registration:
    """The key or token of this name."""
    (found,) = [item for kind in KINDS for item in recording.of_type(kind) if item.name == name]
    return found


def test_every_key_and_token_of_the_program_is_in_the_table_of_secrets(recording: Recording) -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    names = [item.name for kind in KINDS for item in recording.of_type(kind)]
    assert names
    for name in names:
        rows = [row for end, row in ROWS.items() if name.endswith(end)]
        assert len(rows) == 1, f"{name}: docs/security.md does not say what it opens"
        assert f"\n| {rows[0]} |" in page


@pytest.mark.parametrize(
    ("name", "form", "reaches"),
    [
        ("edge-ssh", "-----BEGIN OPENSSH PRIVATE KEY-----{}", {"command:remote:Command"}),
        ("pulls-ca-key", "-----BEGIN PRIVATE KEY-----{}", set()),
        ("pulls-1-key", "-----BEGIN PRIVATE KEY-----{}", {CLOUDFLARE}),
        ("origin-1-key", "-----BEGIN PRIVATE KEY-----{}", {"kubernetes:core/v1:Secret"}),
        ("k3s-server-token", "password {}", {"command:remote:Command"}),
    ],
)
def test_a_secret_reaches_no_more_places_than_the_page_says(
    prod: Recording, name: str, form: str, reaches: set[str]
) -> None:
    value = form.format(made(prod, name).answered["id"])  # as the recorder answers (tests/program/recorder.py)
    everywhere = [item for item in prod.registrations if value in json.dumps(item.inputs, default=str)]
    documents = {item.name for item in everywhere if item.name.endswith("-recovery")}
    assert documents == {"hetzner1-recovery", "hetzner2-recovery", "hetzner3-recovery"}, "a document lacks this secret"
    holders = [item for item in everywhere if item.name not in documents]
    assert {item.type for item in holders if not item.type.startswith("tls:")} == reaches
    if name == "edge-ssh":
        places = {key for item in holders for key, given in item.inputs.items() if value in json.dumps(given)}
        assert places == {"connection"}, "the SSH key is sent to a server outside the recovery document"
