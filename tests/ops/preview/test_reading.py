from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.preview import markdown, plain_data
from ops.preview.changes import Kind
from ops.preview.describe import DESCRIBERS
from ops.preview.guard import judge
from ops.preview.reading import NotAPreviewError, parse
from ops.preview.redaction import SECRET, redact, redact_text
from ops.preview.summary import summarise
from tests.ops.preview.previews import preview, step, text

PEM: Final = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
TOKEN: Final = "aB3" * 21 + "x"
KUBECONFIG: Final = "apiVersion: v1\nkind: Config\nusers: [{user: {client-key-data: LS0tLS1CRUdJTiBQ}}]"

# Secrets


BY_CONTENT: Final = [
    PEM,
    f"before {TOKEN} after",
    KUBECONFIG,
    "token: hunter2-hunter2",
    f"K10{'0f' * 32}::server:hunter2-hunter2",
    '{"token": "hunter2-hunter2"}',
    "admin:$2b$12$" + "a" * 53,
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
]
BY_PLACE: Final[list[dict[str, Any]]] = [
    {"x": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2-hunter2"}},
    {"password": "hunter2-hunter2"},
    {"privateKeyPem": "hunter2-hunter2"},
    {"userData": {"text": "hunter2-hunter2"}},
]


def rendered(*steps: dict[str, Any], message: str = "") -> str:
    summary = summarise(preview(*steps, diagnostics=[{"severity": "error", "message": message}]))
    return markdown.render(summary, None) + plain_data.render(summary, None)


@pytest.mark.parametrize("secret", BY_CONTENT)
def test_a_secret_in_plain_text_is_hidden_wherever_it_is(secret: str) -> None:
    for everything in (
        rendered(step("create", "a:b:C", "n", None, {"x": secret})),
        rendered(step("create", "a:b:C", "n", None, {secret: 1})),
        rendered(step("create", "a:b:C", secret, None, {})),
        rendered(message=secret),
    ):
        assert SECRET in everything
        for part in ("hunter2", "b3BlbnNzaC1", TOKEN, "LS0tLS1CRU", "a" * 53):
            assert part not in everything


@pytest.mark.parametrize("inputs", BY_PLACE)
def test_a_marked_value_and_the_value_of_a_secret_key_are_hidden(inputs: dict[str, Any]) -> None:
    everything = rendered(step("update", "a:b:C", "n", inputs, {}))
    assert SECRET in everything
    assert "hunter2" not in everything


def test_the_data_of_a_kubernetes_secret_is_hidden_as_a_whole() -> None:
    assert redact({"data": {"ca.crt": "x"}}, kubernetes_secret=True) == {"data": SECRET}
    assert redact({"data": {"ca.crt": "x"}}) == {"data": {"ca.crt": "x"}}


def test_digests_addresses_and_versions_are_no_secrets() -> None:
    plain = f"k3s-{'0f' * 32}.py join v1.34.6+k3s1 2606:4700::/32 urn:pulumi:prod::honeydue"
    assert redact_text(plain) == plain


def test_control_characters_and_colours_are_removed() -> None:
    assert redact_text("a\x1b[31mred\x1b[0m <{%fg 1%}>b\x07") == "ared b"


# Input


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"version": 3, "deployment": {}}',
        '{"steps": [{"op": "create"}]}',
        '{"steps": 5}',
        '{"steps": [{"op": "update", "urn": "u", "newState": {"inputs": 5}}]}',
        "[" * 100_000,
        '{"steps": [], "changeSummary": {"same": "many"}}',
    ],
)
def test_another_text_is_refused_with_a_reason(content: str) -> None:
    with pytest.raises(NotAPreviewError):
        parse(content)


def test_a_message_that_the_engine_repeats_is_shown_once() -> None:
    messages = ["error: it failed\n", "error: an unhandled error occurred: it failed\n"]
    found = parse(text(diagnostics=[{"severity": "error", "message": message} for message in messages]))
    assert [each.message for each in found.diagnostics] == ["it failed"]


NAMES: Final = (
    "rules sourceIps direction port spec weighted services clientAuth minVersion metadata name hosts stdin keepers"
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["in", "443", "[unknown]", '{"ufw": {"rules": [1]}}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4),
    max_leaves=12,
)
INPUTS: Final = st.dictionaries(st.sampled_from(NAMES.split()), JSON, max_size=5)


@given(
    st.sampled_from(["create", "update", "replace", "delete"]),
    st.sampled_from(sorted(DESCRIBERS)),
    st.sampled_from(["x", "node1-ufw-apply", "node1-k3s", "node1-programs"]),
    INPUTS,
    INPUTS,
)
def test_inputs_of_any_form_are_summarised_and_judged(
    operation: str, kind: str, name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    found = preview(step(operation, kind, name, before, after))
    assert any(
        item.kind is not Kind.SAME for part in (summarise(found).loud, *summarise(found).groups) for item in part.items
    )
    judge(found, {})
