"""The edge at work: HAProxy in a namespace of its own, in line with what the zone's records say."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.engine.environment import write_private
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.nodes.daemon import Daemon
from sandbox.nodes.edge import ADDRESSES, Edge
from sandbox.nodes.fabric import PUBLIC, Fabric
from sandbox.providers.cloudflare_certificates import certificate_authority
from sandbox.providers.tls_certificates import new_certificate, pem_of
from sandbox.providers.tls_keys import spellings
from sandbox.world import World

HOST: Final = "edge"
_PATIENCE: Final = 10.0
"""Seconds that HAProxy may take to start."""


@dataclass(frozen=True, kw_only=True)
class EdgeHost:
    """The edge of one sandbox."""

    fabric: Fabric

    @property
    def folder(self) -> Path:
        """Its configuration, certificates and log."""
        return Layout(home=self.fabric.home).edge

    @property
    def visitors_ca(self) -> Path:
        """What a visitor must trust to reach it."""
        return self.folder / "visitors-ca.pem"

    def follow(self, world: World) -> None:
        """Bring it in line with the records: started, changed without cutting anybody off, or stopped."""
        edge = edge_of(world)
        if not edge.hosts:
            self.stop()
            return
        if not self.fabric.path(HOST).exists():
            self.fabric.plug(HOST, PUBLIC, "eth0", ADDRESSES)
        files = {**self._certificates(world, edge), "hosts.map": edge.map()}
        files["haproxy.cfg"] = edge.configuration(self.folder)
        changed = [name for name, text in files.items() if self._differs(name, text)]
        for name in changed:
            write_private(self.folder / name, files[name])
        if changed or not self.pid:
            self._start()

    def stop(self) -> None:
        """Gone, if it was there."""
        if pid := self.pid:
            os.kill(pid, signal.SIGTERM)
        self.fabric.remove(HOST)

    @property
    def pid(self) -> int:
        """HAProxy's process; 0 if there is none."""
        return self._process.pid

    @property
    def _process(self) -> Daemon:
        return Daemon(folder=self.folder, log=self.folder / "log")

    def _start(self) -> None:
        """A new HAProxy beside the old one, which ends when its last visitor is gone."""
        old = self.pid
        command = [*self.fabric.enter(HOST), "haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")]
        started = self._process.start([*command, *(["-sf", str(old)] if old else [])])
        deadline = time.monotonic() + _PATIENCE
        while not self._listens():
            if started.poll() is not None or time.monotonic() > deadline:
                raise SandboxError(f"HAProxy does not start: {self._process.last_words}")
            time.sleep(0.05)

    def _listens(self) -> bool:
        listed = subprocess.run(
            [*self.fabric.enter(HOST), "ss", "-Hltn", "sport", "=", ":443"], capture_output=True, text=True, check=True
        )
        return bool(listed.stdout.strip())

    def _differs(self, name: str, text: str) -> bool:
        file = self.folder / name
        return not file.exists() or file.read_text() != text

    def _certificates(self, world: World, edge: Edge) -> dict[str, str]:
        """What it shows and what it trusts; the visitors' certificate is made anew only for other names."""
        found = {"origin-ca.pem": pem_of(certificate_authority(world)[1])}
        if edge.client_certificate:
            found["client.pem"] = _client(world)
        names, file = sorted(edge.hosts), self.folder / "visitors.pem"
        key, authority = certificate_authority(world, "visitors")
        found["visitors-ca.pem"] = pem_of(authority)
        if file.exists() and _names(file.read_text()) == names:
            return found
        own = ec.generate_private_key(ec.SECP256R1())
        shown = new_certificate(
            subject=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])]),
            public_key=own.public_key(),
            names=[x509.DNSName(name) for name in names],
            issuer=authority.subject,
            issuer_key=key,
            uses=["digital_signature", "server_auth"],
            hours=90 * 24,
            authority=False,
        )
        return {**found, "visitors.pem": pem_of(shown) + str(spellings(own)["privateKeyPem"])}


def edge_of(world: World) -> Edge:
    """What the zone's records and settings say."""
    settings = {item.data["settingId"]: str(item.data["value"]) for item in world.objects("zone_setting")}
    hosts: dict[str, list[str]] = {}
    for item in world.objects("dns_record"):
        if item.data.get("proxied") and item.data["type"] in ("A", "AAAA"):
            hosts.setdefault(str(item.data["name"]), []).append(str(item.data["content"]))
    switches = [item.data for item in world.objects("authenticated_origin_pulls_settings")]
    shows = any(data.get("enabled") for data in switches)
    return Edge(
        hosts=hosts,
        always_https=settings.get("always_use_https") == "on",
        min_tls_version=settings.get("min_tls_version", "1.2"),
        client_certificate=shows and bool(world.objects("authenticated_origin_pulls_certificate")),
    )


def _client(world: World) -> str:
    data: dict[str, Any] = world.objects("authenticated_origin_pulls_certificate")[-1].data
    return f"{str(data['certificate']).strip()}\n{str(data['_privateKey']).strip()}\n"


def _names(pem: str) -> list[str]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(found.value.get_values_for_type(x509.DNSName))
