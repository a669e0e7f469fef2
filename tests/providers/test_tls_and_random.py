"""Keys, certificates and random values are real ones, and differ when the real plugins' would."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from sandbox.providers import random_, tls
from sandbox.providers.refusal import RefusalError
from sandbox.world import World
from tests.providers.plugin import Plugin, Standing, unchanged, urn

KEY = "tls:index/privateKey:PrivateKey"
REQUEST = "tls:index/certRequest:CertRequest"
OWN = "tls:index/selfSignedCert:SelfSignedCert"
SIGNED = "tls:index/locallySignedCert:LocallySignedCert"
PASSWORD = "random:index/randomPassword:RandomPassword"
ID = "random:index/randomId:RandomId"
NAMES = ["a.sandbox.test", "b.sandbox.test"]


@pytest.fixture
def crypto(tmp_path: Path) -> Plugin:
    return Plugin(tls.provider(World(tmp_path / "world.sqlite")))


@pytest.fixture
def dice(tmp_path: Path) -> Plugin:
    return Plugin(random_.provider(World(tmp_path / "world.sqlite")))


def key(crypto: Plugin, name: str = "key", **inputs: Any) -> Standing:
    return crypto.make(KEY, name, **{"algorithm": "ECDSA", "ecdsaCurve": "P256", **inputs})


def authority(crypto: Plugin, name: str = "ca", hours: int = 100, **inputs: Any) -> tuple[Standing, str]:
    """A CA's certificate, and its private key."""
    private = str(key(crypto, f"{name}-key").state["privateKeyPem"])
    given = {"allowedUses": ["cert_signing"], "isCaCertificate": True, "validityPeriodHours": hours, **inputs}
    return crypto.make(OWN, name, privateKeyPem=private, subject={"commonName": name}, **given), private


def test_a_private_key_is_real_and_secret_of_itself(crypto: Plugin) -> None:
    made = key(crypto)
    loaded = form.load_pem_private_key(str(made.state["privateKeyPem"]).encode(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    where = urn(KEY, "other")
    _, secret = crypto.stand_in.create(where, crypto.checked(KEY, "other", {"algorithm": "ED25519"}), preview=False)
    assert {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"} <= set(secret)


def test_a_public_key_for_openssh_ends_in_a_newline(crypto: Plugin) -> None:
    made = key(crypto, algorithm="ED25519")
    text = str(made.state["publicKeyOpenssh"])
    assert text.endswith("\n")
    assert isinstance(form.load_ssh_public_key(text.encode()), ed25519.Ed25519PublicKey)


@pytest.mark.parametrize(("inputs", "says"), [({"algorithm": "DSA"}, "DSA"), ({"ecdsaCurve": "P1"}, "P1")])
def test_an_unknown_algorithm_or_curve_is_refused_at_preview(crypto: Plugin, inputs: dict[str, str], says: str) -> None:
    found = crypto.problems(KEY, **{"algorithm": "ECDSA", **inputs})
    assert [text for text in found if text.endswith(f"got: {says}")]


def test_another_order_of_names_is_another_request(crypto: Plugin) -> None:
    made = crypto.make(REQUEST, privateKeyPem=key(crypto).state["privateKeyPem"], dnsNames=NAMES)
    assert unchanged(crypto.diff(made))
    assert crypto.diff(made, dnsNames=list(reversed(NAMES)))[1] == {"dnsNames"}


def test_a_certificate_is_signed_by_its_authority(crypto: Plugin) -> None:
    ca, private = authority(crypto)
    request = crypto.make(REQUEST, privateKeyPem=key(crypto).state["privateKeyPem"], dnsNames=NAMES)
    made = crypto.make(
        SIGNED,
        caCertPem=ca.state["certPem"],
        caPrivateKeyPem=private,
        certRequestPem=request.state["certRequestPem"],
        allowedUses=["client_auth"],
        validityPeriodHours=10,
    )
    certificate, issuer = (x509.load_pem_x509_certificate(str(item.state["certPem"]).encode()) for item in (made, ca))
    certificate.verify_directly_issued_by(issuer)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == NAMES


def test_somebody_elses_key_signs_nothing(crypto: Plugin) -> None:
    ca, _ = authority(crypto)
    request = crypto.make(REQUEST, privateKeyPem=key(crypto).state["privateKeyPem"], dnsNames=NAMES)
    given = {"certRequestPem": request.state["certRequestPem"], "allowedUses": [], "validityPeriodHours": 10}
    with pytest.raises(RefusalError, match="does not belong to the CA's certificate"):
        crypto.make(
            SIGNED, caCertPem=ca.state["certPem"], caPrivateKeyPem=key(crypto, "other").state["privateKeyPem"], **given
        )


def test_an_unknown_use_is_refused_at_preview(crypto: Plugin) -> None:
    said = crypto.problems(OWN, allowedUses=["signing"], privateKeyPem="-", validityPeriodHours=1)
    assert [text for text in said if text.endswith("got: signing")]


@pytest.mark.parametrize(("early", "due"), [(101, True), (99, False), (0, False)])
def test_a_renewal_is_due_once_its_time_has_come(crypto: Plugin, early: int, due: bool) -> None:
    made, _ = authority(crypto, hours=100, earlyRenewalHours=early)
    assert made.state["readyForRenewal"] is due
    assert ("readyForRenewal" in crypto.diff(made)[1]) is due


def test_the_hours_of_a_renewal_alone_replace_nothing_before_its_time(crypto: Plugin) -> None:
    made, _ = authority(crypto, hours=100)
    assert crypto.diff(made, earlyRenewalHours=50)[1] == set()
    assert crypto.diff(made, earlyRenewalHours=101)[1] == {"readyForRenewal"}


def test_a_password_is_as_asked_for_and_secret(dice: Plugin) -> None:
    made = dice.make(PASSWORD, length=48, special=False)
    assert len(str(made.state["result"])) == 48
    assert str(made.state["result"]).isalnum()
    assert unchanged(dice.diff(made))
    assert dice.diff(made, length=49)[1] == {"length"}
    assert dice.make(PASSWORD, "other", length=48, special=False).state["result"] != made.state["result"]


def test_a_password_that_can_not_hold_what_it_must_is_refused_at_preview(dice: Plugin) -> None:
    assert [text for text in dice.problems(PASSWORD, length=2, minUpper=2, minLower=1) if "at least 3" in text]


def test_another_keeper_makes_another_id(dice: Plugin) -> None:
    made = dice.make(ID, byteLength=4, keepers={"replacing": "false"})
    assert len(str(made.state["hex"])) == 8
    assert unchanged(dice.diff(made))
    assert dice.diff(made, keepers={"replacing": "true"})[1] == {"keepers"}
