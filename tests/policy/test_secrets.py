"""No private key, token, password or hash is a plain input, anywhere in a resource."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails import UNKNOWN, Resource, Secret, judge, unjudged
from tests.policy.compliant import Path, manifest, put, resource, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "no-plain-secrets"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
MIXED = "aB3" + "x" * 61
"""As long as an hcloud token, in mixed case and with digits."""
K3S = f"K10{'0' * 64}::server:{'1' * 32}"


def encoded(text: str) -> str:
    """A text in base64."""
    return base64.b64encode(text.encode()).decode()


def thing(**properties: Any) -> list[Resource]:
    """The stack with one more resource, of a type that no other rule judges."""
    return [*stack(), resource("random:index/randomId:RandomId", "thing", properties)]


CREDENTIALS = {
    "a key": (KEY, "a private key"),
    "a key of OpenSSH's": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a private key"),
    "a PKCS8 key": ("-----BEGIN PRIVATE KEY-----\nMIG", "a private key"),
    "an encrypted key": ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIG", "a private key"),
    "a key inside of a script": (f"cat > /key <<END\n{KEY}END\n", "a private key"),
    "a key in base64": (encoded(KEY), "a private key"),
    "a key in base64 twice": (encoded(encoded(KEY)), "a private key"),
    "a key in base64 beside an umlaut": (encoded(f"# Schlüssel\n{KEY}"), "a private key"),
    "a key in JSON": (json.dumps({"a": [{"b": KEY}]}), "a private key"),
    "a k3s token": (K3S, "a k3s token"),
    "a k3s token in a script": (f"k3s agent --token {K3S}", "a k3s token"),
    "a kubeconfig": ("users:\n- user:\n    client-key-data: LS0tLS1", "a kubeconfig with a client key"),
    "a kubeconfig in JSON": ('{"client-key-data": "LS0tLS1"}', "a kubeconfig with a client key"),
    "bcrypt": ("admin:$2y$05$" + "a" * 53, "a password's hash"),
    "apr1": ("admin:$apr1$salt$hash", "a password's hash"),
    "sha": ("admin:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "a password's hash"),
    "an hcloud token": (MIXED, "an hcloud token"),
    "an hcloud token on a line": (f" {MIXED}\n", "an hcloud token"),
    "an hcloud token in a script": (f"export HCLOUD_TOKEN={MIXED}", "a token"),
    "a cluster token in a script": (f"K3S_TOKEN='{'0' * 48}' k3s server", "a token"),
    "a token in YAML": (f"token: {'0' * 40}", "a token"),
    "a token by its camelCase name in YAML": (f'apiToken: "{"0" * 40}"', "a token"),
    "a password in a script": (f"mysql --password={'p' * 32}", "a token"),
    "an access key in a script": (f"AWS_SECRET_ACCESS_KEY={'k' * 40}", "a token"),
    "a header": ("Authorization: Bearer abcdefghij.klmnopqrst", "a token"),
    "a Cloudflare token": (MIXED[:40], "a Cloudflare token"),
    "a cluster token": (MIXED[:48], "a k3s token"),
    "a Cloudflare token of the new kind": ("cfut_" + "a" * 40, "a Cloudflare token"),
    "a secret by its name in JSON": ('{"database": {"password": "hunter2"}}', "a credential, in JSON,"),
}

HARMLESS = {
    "nothing": "",
    "a space": " ",
    "a certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "a public key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops",
    "a digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "a commit": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "an image": f"ghcr.io/honeydue/api@sha256:{'0' * 64}",
    "a path to a token": "K3S_TOKEN_FILE=/etc/rancher/k3s/token --token-file=/etc/rancher/k3s/token",
    "a word about tokens": "token: see the file",
    "a host name as long as a token": "a-very-long-host-name.of-some-service.in-a-zone.example.com.just",
    "harmless JSON": '{"ufw": {"incoming": "deny", "rules": [1, null, true]}}',
    "an empty password in JSON": '{"password": ""}',
    "broken JSON": '{"password": ',
    "harmless base64": encoded("a text that nobody has to hide from anybody"),
    "base64 of bytes": base64.b64encode(bytes(range(128, 200))).decode(),
}


@pytest.mark.parametrize("which", CREDENTIALS)
def test_a_credential_is_known_by_its_look(which: str) -> None:
    text, what = CREDENTIALS[which]
    refuses(thing(value=text), RULE, f"value contains {what} as a plain input; pass it as a secret")


@pytest.mark.parametrize("which", CREDENTIALS)
def test_the_same_credential_as_a_secret_passes(which: str) -> None:
    passes(thing(value=Secret(CREDENTIALS[which][0])))
    passes(thing(value={"inner": [Secret(CREDENTIALS[which][0])]}))


@pytest.mark.parametrize("which", CREDENTIALS)
def test_no_refusal_shows_what_it_refuses(which: str) -> None:
    text, _ = CREDENTIALS[which]
    for item in judge(thing(value=text)):
        assert text.strip() not in item.message, "the log of a pipeline would have the credential"


@pytest.mark.parametrize("which", HARMLESS)
def test_what_is_no_credential_passes(which: str) -> None:
    passes(thing(value=HARMLESS[which]))


@pytest.mark.parametrize(
    "name",
    [
        *("token", "apiToken", "api_token", "agentToken", "accessToken", "K3S_TOKEN", "HCLOUD_TOKEN", "server-token"),
        *("apiKey", "api_key", "apiUserServiceKey", "secretKey", "secretAccessKey", "clientSecret", "clientKeyData"),
        *("password", "PASSWORD", "passwd", "passphrase", "privateKeyPassphrase", "DB_PASSWORD"),
        *("privateKey", "private_key", "privateKeyPem", "privateKeyOpenssh", "caPrivateKeyPem", "kubeconfig"),
    ],
)
def test_a_credential_is_known_by_its_name_whatever_its_value(name: str) -> None:
    says = f"{name} contains a credential, by its name, as a plain input"
    refuses(thing(**{name: "x"}), RULE, says)
    refuses(thing(environment={name: "x"}), RULE, f"environment.{says}")
    refuses(thing(**{name: ["x"]}), RULE, f"{name}[0] contains a credential, by its name,")
    passes(thing(**{name: Secret("x")}))
    passes(thing(**{name: ""}))


@pytest.mark.parametrize(
    "name", ["tokenPath", "publicKey", "publicKeyOpenssh", "keyId", "secretName", "passwordFile", "tokens", "key"]
)
def test_a_name_that_only_resembles_a_credentials_passes(name: str) -> None:
    passes(thing(**{name: "x"}))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("a",), "a"),
        (("a", "b", "c"), "a.b.c"),
        (("triggers",), "triggers"),
        (("connection", "privateKey"), "connection.privateKey"),
    ],
)
def test_the_place_of_a_credential_is_told(path: Path, place: str) -> None:
    refuses(thing(**put({}, path, KEY)), RULE, f"{place} contains ")
    refuses(thing(**put({}, path, [0, {"inner": KEY}])), RULE, f"{place}[1].inner contains a private key")


@pytest.mark.parametrize(
    ("kind", "name", "key", "value", "place"),
    [
        ("Command", "node1-ufw", "connection", {"host": "192.0.2.1", "privateKey": "key"}, "connection.privateKey"),
        ("SelfSignedCert", "ca", "privateKeyPem", "key", "privateKeyPem"),
        ("hcloud", "default", "token", "a" * 64, "token"),
        ("Secret", "admin-users", "stringData", {"users": "admin:hash"}, "stringData.users"),
    ],
)
def test_what_the_stack_keeps_secret_is_refused_in_the_plain(
    kind: str, name: str, key: str, value: Any, place: str
) -> None:
    refuses(with_property(kind, name, (key,), value), RULE, f"{place} ")


def secret(type_: str = "kubernetes:core/v1:Secret", **body: Any) -> list[Resource]:
    """The stack with one more object."""
    kind = type_.rpartition(":")[2]
    return [*stack(), resource(type_, "more", manifest(kind, "app", "more", **body))]


@pytest.mark.parametrize("type_", ["kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch"])
@pytest.mark.parametrize("key", ["data", "stringData"])
def test_all_of_a_kubernetes_secret_is_secret(type_: str, key: str) -> None:
    refuses(secret(type_, **{key: {"greeting": "hello"}}), RULE, f"{key}.greeting of a Kubernetes Secret is a plain")
    refuses(secret(type_, **{key: {"good": Secret("a"), "bad": "b"}}), RULE, f"{key}.bad of a Kubernetes Secret")
    refuses(secret(type_, **{key: "hello"}), RULE, f"{key} of a Kubernetes Secret is a plain input")
    for value in (Secret({"greeting": "hello"}), {"greeting": Secret("hello")}, {"greeting": ""}, {}, None):
        passes(secret(type_, **{key: value}), RULE)


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_a_secret_in_a_list_of_objects_is_one_too(key: str) -> None:
    element = {"apiVersion": "v1", "kind": "Secret", key: {"greeting": "hello"}}
    refuses(thing(items=[element]), RULE, f"items[0].{key}.greeting of a Kubernetes Secret is a plain input")
    passes(thing(items=[{**element, key: Secret({"greeting": "hello"})}]))
    passes(thing(items=[{**element, "kind": "ConfigMap"}]))


def test_a_config_map_is_judged_by_what_it_holds() -> None:
    kind = "kubernetes:core/v1:ConfigMap"
    passes(secret(kind, data={"greeting": "hello"}))
    refuses(secret(kind, data={"tls.key": KEY}), RULE, "data.tls.key contains a private key")


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ({"a": UNKNOWN}, "a"),
        ({"a": {"b": [0, UNKNOWN]}}, "a.b[1]"),
        ({"token": UNKNOWN}, "token"),
    ],
)
def test_an_unknown_value_is_reported(properties: dict[str, Any], place: str) -> None:
    leaves(thing(**properties), RULE, place)


def test_an_unknown_kubernetes_secret_is_reported() -> None:
    for value, place in (({"users": UNKNOWN}, "stringData.users"), (UNKNOWN, "stringData")):
        leaves(with_property("Secret", "admin-users", ("stringData",), value), RULE, place)


def test_a_secret_that_is_not_known_yet_is_a_secret_all_the_same() -> None:
    resources = thing(value=Secret(UNKNOWN), inner={"token": Secret(UNKNOWN)})
    passes(resources)
    assert not [item for item in unjudged(resources) if item.rule == RULE], "an advisory for every secret of a preview"


def test_an_unknown_value_does_not_hide_its_neighbour() -> None:
    refuses(thing(a=UNKNOWN, b=[UNKNOWN, KEY]), RULE, "b[1] contains a private key")


@given(data=st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
), kind=st.sampled_from(["random:index/randomId:RandomId", "kubernetes:core/v1:Secret"]))  # fmt: skip
def test_no_shape_of_an_input_hides_a_key_or_breaks_the_rule(data: Any, kind: str) -> None:
    for value in ({"a": data, "b": KEY}, {"a": [data, {"data": KEY}]}, {"data": {"a": data}, "stringData": KEY}):
        said = [item.message for item in judge([resource(kind, "thing", value)]) if item.rule == RULE]
        assert said, f"{value!r} passes with a private key in it"
        assert not any("could not be judged" in message for message in said), f"the rule broke down: {said}"
