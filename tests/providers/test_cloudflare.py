"""Cloudflare's stand-in does what the real plugin was seen to do: what it refuses when, replaces, and leaves."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sandbox.providers import cloudflare
from sandbox.providers.cloudflare_certificates import certificate_authority
from sandbox.providers.refusal import RefusalError
from sandbox.providers.tls_certificates import pem_of
from sandbox.world import World
from tests.providers.plugin import Plugin, Standing, unchanged

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
CERTIFICATE = "cloudflare:index/originCaCertificate:OriginCaCertificate"
SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
PULLS = "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"
PULLS_CERTIFICATE = "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate"
ZONE = "sandbox.test"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    monkeypatch.setenv("HONEYDUE_SANDBOX_ZONES", ZONE)
    found = cloudflare.provider(World(tmp_path / "world.sqlite"))
    found.configuration = {"apiToken": "t" * 40}
    return Plugin(found)


def zone(cloud: Plugin) -> str:
    """The zone's id, looked up as the program does it."""
    [found] = cloud.stand_in.invoke("cloudflare:index/getZones:getZones", {"name": ZONE})["results"]
    return str(found["id"])


def record(cloud: Plugin, **inputs: Any) -> Standing:
    """A record that is in order, but for what is given."""
    given = {"name": f"api.{ZONE}", "type": "A", "content": "198.51.100.1", "ttl": 1, "proxied": True, **inputs}
    return cloud.make(RECORD, str(given["name"]), zoneId=zone(cloud), **given)


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """A CSR."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ZONE)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(form.Encoding.PEM).decode()


def certificate(cloud: Plugin, **inputs: Any) -> Standing:
    """An origin certificate for two names."""
    csr = request(ec.generate_private_key(ec.SECP256R1()))
    given = {"csr": csr, "hostnames": [f"api.{ZONE}", f"www.{ZONE}"], "requestType": "origin-ecc", **inputs}
    return cloud.make(CERTIFICATE, **given)


@pytest.mark.parametrize("token", ["short", "t" * 39, "t" * 39 + "!", "with space" * 5])
def test_a_token_of_another_shape_is_refused(cloud: Plugin, token: str) -> None:
    [problem] = cloud.stand_in.check_config({"apiToken": token})
    assert "API tokens must only contain characters a-z, A-Z, 0-9, hyphens and underscores" in problem[1]


def test_nobody_is_answered_without_a_token(cloud: Plugin) -> None:
    cloud.stand_in.configuration = {}
    with pytest.raises(RefusalError, match="Authorization headers"):
        zone(cloud)


def test_a_zone_of_somebody_else_is_none(cloud: Plugin) -> None:
    found = cloud.stand_in.invoke("cloudflare:index/getZones:getZones", {"name": "example.org"})
    assert found["results"] == []


def test_an_unknown_type_of_record_is_refused_at_preview(cloud: Plugin) -> None:
    said = cloud.problems(RECORD, zoneId="1", name="a", type="AAA", ttl=1)
    assert [text for text in said if "Attribute type value must be one of" in text]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ttl": 300}, "ttl must be set to 1 when `proxied` is true"),
        ({"ttl": 30, "proxied": False}, "Invalid TTL"),
        ({"content": "here"}, "must be a valid IPv4 address"),
        ({"type": "AAAA"}, "must be a valid IPv6 address"),
        ({"type": "TXT", "content": "text"}, "cannot be proxied"),
    ],
)
def test_a_wrong_record_is_refused_only_at_up(cloud: Plugin, change: dict[str, Any], says: str) -> None:
    given = {"name": f"api.{ZONE}", "type": "A", "content": "198.51.100.1", "ttl": 1, "proxied": True, **change}
    assert says in cloud.refused(RECORD, zoneId=zone(cloud), **given)


def test_a_record_without_a_zone_is_refused_only_at_up(cloud: Plugin) -> None:
    said = cloud.refused(RECORD, name="a", type="A", content="198.51.100.1", ttl=1)
    assert said == "missing required zone_id parameter"


def test_an_identical_record_is_refused(cloud: Plugin) -> None:
    record(cloud)
    with pytest.raises(RefusalError, match="An identical record already exists"):
        record(cloud)
    assert record(cloud, content="198.51.100.2").id


def test_a_ttl_of_ones_own_gets_through_an_update_and_never_settles(cloud: Plugin) -> None:
    item = record(cloud)
    cloud.update(item, ttl=300)
    cloud.refresh(item)
    assert cloud.diff(item, ttl=300)[0] == {"ttl"}


@pytest.mark.parametrize(("name", "settles"), [("api", True), ("@", True), (f"API.{ZONE}", False)])
def test_a_short_name_is_stable_and_upper_case_is_not(cloud: Plugin, name: str, settles: bool) -> None:
    item = record(cloud, name=name)
    cloud.refresh(item)
    assert unchanged(cloud.diff(item, name=name)) is settles


def test_an_ipv6_address_that_is_not_canonical_never_settles(cloud: Plugin) -> None:
    item = record(cloud, type="AAAA", content="2001:DB8:0::1")
    cloud.refresh(item)
    assert cloud.diff(item, content="2001:DB8:0::1")[0] == {"content"}


@pytest.mark.parametrize(("change", "replacing"), [({"type": "AAAA"}, {"type"}), ({"content": "198.51.100.9"}, set())])
def test_only_another_type_replaces_a_record(cloud: Plugin, change: dict[str, Any], replacing: set[str]) -> None:
    assert cloud.diff(record(cloud), **change)[:2] == (set(change), replacing)


def test_a_record_that_is_gone_fails_its_deletion_and_a_refresh_cures_it(cloud: Plugin) -> None:
    item = record(cloud)
    cloud.delete(item)
    with pytest.raises(RefusalError, match="Record does not exist"):
        cloud.delete(item)
    assert not cloud.refresh(item)


def test_the_origin_certificate_is_signed_for_the_requests_key(cloud: Plugin) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.load_pem_x509_certificate(certificate(cloud, csr=request(key)).state["certificate"].encode())
    assert made.public_key() == key.public_key()
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [f"api.{ZONE}", f"www.{ZONE}"]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"hostnames": ["api.example.org"]}, "not part of your account"),
        ({"csr": request(rsa.generate_private_key(65537, 2048))}, "does not fit the CSR's RSA key"),
    ],
)
def test_a_wrong_request_is_refused_only_at_up(cloud: Plugin, inputs: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusalError, match=says):
        certificate(cloud, **inputs)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [("requestedValidity", 100, "must be one of: [7, 30"), ("requestType", "origin-dsa", "must be one of")],
)
def test_a_wrong_validity_or_type_is_refused_at_preview(cloud: Plugin, key: str, value: Any, says: str) -> None:
    inputs = {"csr": "-", "hostnames": [ZONE], "requestType": "origin-ecc", key: value}
    assert [text for text in cloud.problems(CERTIFICATE, **inputs) if says in text]


def test_a_refresh_takes_the_apis_order_of_names_and_then_the_certificate_is_replaced(cloud: Plugin) -> None:
    item = certificate(cloud)
    wanted = list(item.inputs["hostnames"])
    assert unchanged(cloud.diff(item))
    cloud.refresh(item)
    assert item.state["hostnames"] == list(reversed(wanted))
    assert cloud.diff(item, hostnames=wanted)[1] == {"hostnames"}


def test_a_validity_that_is_taken_out_is_an_update_without_end(cloud: Plugin) -> None:
    item = certificate(cloud, requestedValidity=90)
    assert cloud.diff(item, requestedValidity=None)[:2] == ({"requestedValidity"}, set())
    cloud.update(item, requestedValidity=None)
    assert not unchanged(cloud.diff(item))


def test_a_validity_that_was_never_given_is_stable(cloud: Plugin) -> None:
    item = certificate(cloud)
    assert item.state["requestedValidity"] == 5475
    assert unchanged(cloud.diff(item))


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("sssl", "strict", "Undefined zone setting"),
        ("ssl", "very", "Invalid value"),
        ("always_use_https", True, "Invalid value"),
        ("min_tls_version", 1.2, "Invalid value"),
    ],
)
def test_a_wrong_setting_is_refused_only_at_up(cloud: Plugin, setting: str, value: Any, says: str) -> None:
    assert says in cloud.refused(SETTING, zoneId=zone(cloud), settingId=setting, value=value)


def test_settings_outlive_the_stack(cloud: Plugin) -> None:
    setting = cloud.make(SETTING, zoneId=zone(cloud), settingId="ssl", value="strict")
    switch = cloud.make(PULLS, "switch", zoneId=zone(cloud), enabled=True)
    for item in (setting, switch):
        cloud.delete(item)
        assert cloud.refresh(item), "the API has no way to take it back, so it stays as it was"
    assert switch.state["enabled"] is True


def test_a_record_is_imported_by_its_zone_and_its_id_as_the_program_wants_it(cloud: Plugin) -> None:
    item = record(cloud)
    found = cloud.imported(item, f"{zone(cloud)}/{item.id}")
    assert found.id == item.id
    assert cloud.wanted(item, found) == (set(), set())


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        ("{record}", 'expected urlencoded segments "<zone_id>/<dns_record_id>"'),
        ("{zone}/unknown", "Record does not exist"),
        ("unknown/{record}", "Record does not exist"),
    ],
)
def test_a_record_is_not_imported_by_anything_else(cloud: Plugin, identity: str, says: str) -> None:
    item = record(cloud)
    with pytest.raises(RefusalError, match=says):
        cloud.imported(item, identity.format(zone=zone(cloud), record=item.id))


def test_a_setting_is_imported_by_its_zone_and_its_name(cloud: Plugin) -> None:
    item = cloud.make(SETTING, zoneId=zone(cloud), settingId="ssl", value="strict")
    found = cloud.imported(item, f"{zone(cloud)}/ssl")
    assert found.id == "ssl"
    assert cloud.wanted(item, found) == (set(), set())
    for identity, says in (("ssl", "<zone_id>/<setting_id>"), ("unknown/ssl", "Undefined zone setting")):
        with pytest.raises(RefusalError, match=says):
            cloud.imported(item, identity)


def test_an_imported_origin_certificate_is_replaced_because_its_request_is_not_read(cloud: Plugin) -> None:
    item = certificate(cloud, hostnames=[f"api.{ZONE}"])
    found = cloud.imported(item, item.id)
    assert cloud.wanted(item, found) == ({"csr"}, {"csr"})


def test_an_imported_certificate_for_origin_pulls_is_replaced_because_its_key_is_not_read(cloud: Plugin) -> None:
    key, authority = certificate_authority(cloud.stand_in.world)
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
    item = cloud.make(PULLS_CERTIFICATE, zoneId=zone(cloud), certificate=pem_of(authority), privateKey=secret)
    found = cloud.imported(item, item.id)
    assert cloud.wanted(item, found) == ({"privateKey"}, {"privateKey"})
