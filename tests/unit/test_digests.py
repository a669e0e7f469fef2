"""One module computes digests, and its values stay: they name resources and files, and trigger commands."""

import hashlib
import re
from ipaddress import IPv4Network

import pytest

from components import host_programs, origin_tls, recovery
from components.cloudflare_ranges import Ranges
from components.digests import digest, json_digest
from components.host import k3s, ufw
from tests.stack_files import ROOT

VALUE = {"b": [1, "ä"], "a": {"d": None, "c": True}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (digest('{\n "name": "node1"\n}'), "152d1eaee6bdf970"),
        (digest("", 64), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (json_digest(VALUE), "3a8383bed92352c3"),
        (Ranges((IPv4Network("103.21.244.0/22"), IPv4Network("104.16.0.0/13")), ()).digest, "dca52cc6652e2408"),
        (origin_tls._digest(["api.example.com", "example.com"], 5475), "ceea86fc"),
        (
            recovery._digest({"b": [1, "ä"], "a": "x"}),
            "7fb82d175b1d2f9b4879a041e9de32ae2b31530edd6c423dc6b567c89cdc7fc4",
        ),
    ],
)
def test_digests_are_those_of_stacks_that_exist(value: str, expected: str) -> None:
    assert value == expected


def test_a_host_program_s_file_is_named_after_its_text() -> None:
    text = (ROOT / "components/host/boot.py").read_text()
    whole = hashlib.sha256(text.encode()).hexdigest()
    assert host_programs.stem("boot") == f"boot-{whole[:16]}"
    assert f"echo '{whole}  .new'" in host_programs.installation_script()


def test_servers_compute_the_same_digests() -> None:
    assert ufw.digest(VALUE) == json_digest(VALUE)
    assert k3s.digest("text") == digest("text")


def test_one_module_of_the_program_computes_digests() -> None:
    uses = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "components").rglob("*.py")
        if re.search(r"\bhashlib\b", file.read_text()) and file.parent.name != "host"
    }
    assert uses == {"components/digests.py"}, "host programs have no dependencies, so they have their own"
