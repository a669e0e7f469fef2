"""The quick way into pulumi_cloudflare yields the SDK's own classes, and leaves the plain way as it was."""

import json
import subprocess
import sys
from typing import Any

from tests.stack_files import ROOT

DESCRIBE = """
import inspect, json
from pulumi import _types
NESTED = ("data", "settings")  # of a DnsRecord: neither set nor read here
def description(item):
    return {
        "module": item.__module__,
        "file": item._internal_init.__code__.co_filename,
        "code": {name: value.__code__.co_code.hex() for name, value in vars(item).items() if inspect.isfunction(value)},
        "inputs": str(list(inspect.signature(item._internal_init).parameters)),
        "outputs": sorted(_types.resource_py_to_pulumi_names(item)),
        "token": item.pulumi_type,
        "types": {key: str(value) for key, value in _types.resource_types(item).items() if key not in NESTED},
    }
"""
QUICK = "import sys; from components import cloudflare_sdk as sdk; names = sdk.__all__"
PLAIN = "import sys; import pulumi_cloudflare as sdk; from components.cloudflare_sdk import __all__ as names"


def described(imports: str, after: str = "") -> Any:
    """Each class as a fresh interpreter sees it after `imports`."""
    program = f"{imports}\n{DESCRIBE}\nprint(json.dumps({{name: description(getattr(sdk, name)) for name in names}}))"
    run = subprocess.run(  # a fresh interpreter, since imports are what is tested
        [sys.executable, "-c", f"{program}\n{after}"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    return json.loads(run.stdout.splitlines()[0])


def test_the_quick_import_yields_the_sdks_own_classes() -> None:
    assert described(QUICK) == described(PLAIN)


def test_a_plain_import_after_the_quick_one_gets_the_whole_package() -> None:
    program = f"{QUICK}\nimport pulumi_cloudflare\nprint(pulumi_cloudflare.DnsRecordDataArgs.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120
    )
    assert run.stdout.strip() == "DnsRecordDataArgs", "the stand-ins for nested types outlive the quick import"
