"""The program's own Cloudflare classes: the resources are those of the SDK, whose import is still slow."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components import cloudflare, dns, origin_tls, zone_settings
from tests.program.recorder import Recording, Registration, record
from tests.stack_files import ROOT

COUNT = "import sys; print(sum(name.startswith({package!r}) for name in sys.modules))"
ALL = 300
"""Far fewer modules than pulumi_cloudflare has, and far more than five classes can need."""


def modules_imported(statement: str, package: str, folder: Path = ROOT) -> int:
    """The modules of a package that a fresh interpreter imports to execute one statement."""
    program = f"{statement}; {COUNT.format(package=f'{package}.')}"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return int(run.stdout)


def test_the_sdk_still_imports_every_module_for_one_class() -> None:
    count = modules_imported("from pulumi_cloudflare.dns_record import DnsRecord", "pulumi_cloudflare")
    assert count > ALL, (
        f"pulumi_cloudflare imports only {count} modules for one class now: if an import of the five classes is quick, "
        "use them and delete components/cloudflare.py and this test"
    )


def test_a_package_that_imports_on_demand_would_fail_the_test_above(tmp_path: Path) -> None:
    package = tmp_path / "lazy_sdk"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for number in range(ALL + 1):
        (package / f"kind{number}.py").write_text("Kind = object\n")
    assert modules_imported("from lazy_sdk.kind1 import Kind", "lazy_sdk", tmp_path) == 1


def request(item: Registration) -> dict[str, Any]:
    """What the engine gets, without what a class of our own leaves out on purpose.

    The SDK adds an alias for the records of its version 5, which this program never used.
    """
    return {key: value for key, value in vars(item).items() if key != "aliases"}


def test_every_cloudflare_resource_is_what_the_sdks_own_class_registers(
    monkeypatch: pytest.MonkeyPatch, prod: Recording
) -> None:
    import pulumi_cloudflare  # noqa: PLC0415 - two seconds, for this test only

    used = set()
    for module in (dns, origin_tls, zone_settings):
        for kind in set(cloudflare.__all__) & set(vars(module)):
            monkeypatch.setattr(module, kind, getattr(pulumi_cloudflare, kind))
            used.add(kind)
    assert used == set(cloudflare.__all__)
    theirs = record("prod", {key: prod.config[key] for key in prod.config})
    own, sdk = (
        {item.urn: request(item) for item in recording.registrations if item.type.startswith("cloudflare:")}
        for recording in (prod, theirs)
    )
    assert len(own) > 10
    assert own == sdk


def test_the_outputs_that_the_program_uses_are_known(prod: Recording) -> None:
    (certificate,) = prod.of_type(":OriginCaCertificate")
    (secret,) = [item for item in prod.of_type(":Secret") if item.name.endswith("cloudflare-origin-cert")]
    assert secret.inputs["stringData"]["tls.crt"].startswith("certificate ")
    assert certificate.urn in secret.property_dependencies["stringData"]
