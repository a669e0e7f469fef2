"""cloud-init, k3s configuration, kubeconfig and commands as data."""

import json
import shlex
from ipaddress import IPv4Network

import pytest
import yaml

from components.addresses import AddressPlan
from components.cloud_init import USER_DATA_LIMIT, FirstBoot
from components.firewall import Rule
from components.k3s_cluster import reachable_at
from components.k3s_flags import node_config
from tests.unit.k3s_flags import SERVER_FLAGS

PLAN = AddressPlan(network=IPv4Network("10.0.0.0/16"), subnet=IPv4Network("10.0.1.0/24"))
OPERATOR = Rule(source=IPv4Network("198.18.0.10/32"), port="22", proto="tcp", comment="ssh from operators")


def first_boot(generation: str = "00000001", rules: tuple[Rule, ...] = (OPERATOR,)) -> str:
    return FirstBoot(
        hostname="hetzner1",
        user="deploy",
        authorized_key="ssh-ed25519 AAAA",
        host_key_private="PRIVATE",
        host_key_public="ssh-ed25519 BBBB",
        rules=rules,
        generation=generation,
    ).user_data()


def test_cloud_init_carries_the_least_that_ssh_needs() -> None:
    text = first_boot()
    document = yaml.safe_load(text)
    assert text.startswith("#cloud-config\n")
    assert document["ssh_keys"] == {"ed25519_private": "PRIVATE", "ed25519_public": "ssh-ed25519 BBBB"}
    assert document["users"][0]["ssh_authorized_keys"] == ["ssh-ed25519 AAAA"]
    assert document["ssh_pwauth"] is False
    assert document["disable_root"] is True
    least = "disable_root hostname locale runcmd ssh_deletekeys ssh_keys ssh_pwauth users write_files"
    assert set(document) == set(least.split()), "what may change later must go over SSH"


def test_ports_80_and_443_open_to_traefik_before_k3s_starts_and_22_does_not() -> None:
    (file,) = yaml.safe_load(first_boot())["write_files"]
    assert file["path"] == "/etc/sysctl.d/90-honeydue.conf"
    assert file["content"] == "net.ipv4.ip_unprivileged_port_start = 80\n"


def test_the_firewall_is_up_on_first_boot_with_ssh_for_operators_only() -> None:
    commands = [shlex.join(command) for command in yaml.safe_load(first_boot())["runcmd"]]
    enabled = commands.index("ufw --force enable")
    allowed = [command for command in commands if command.startswith("ufw allow")]
    assert allowed == ["ufw allow from 198.18.0.10/32 to any port 22 proto tcp comment 'ssh from operators'"]
    assert commands.index("ufw default deny incoming") < enabled
    assert commands.index(allowed[0]) < enabled, "the operator would be locked out"


def test_a_generation_makes_other_user_data() -> None:
    assert first_boot("00000001") != first_boot("00000002"), "replacing a server would replace nothing"


def test_user_data_that_hetzner_would_refuse_is_refused_first() -> None:
    with pytest.raises(ValueError, match=str(USER_DATA_LIMIT)):
        first_boot(rules=(OPERATOR,) * 400)


def config(role: str = "server") -> dict[str, object]:
    return node_config(
        role=role, name="hetzner1", private_ip="10.0.1.11", api_addresses=["198.51.100.1", "10.0.1.11"], plan=PLAN
    )


def test_the_k3s_configuration_uses_names_that_k3s_knows() -> None:
    assert set(config()) <= SERVER_FLAGS, "k3s would log an unknown key and go on"


def test_servicelb_is_off_and_secrets_are_encrypted_from_the_first_boot() -> None:
    assert config()["disable"] == ["servicelb"], "servicelb bypasses UFW"
    assert config()["secrets-encryption"] is True
    assert config()["tls-san"] == ["10.0.1.11", "198.51.100.1"], "the API could be reached through one node only"


def test_an_agent_gets_no_setting_of_a_server() -> None:
    assert config("agent") == {"node-name": "hetzner1"}


def test_a_kubeconfig_points_at_the_public_address() -> None:
    text = json.dumps({"clusters": [{"name": "default", "cluster": {"server": "https://127.0.0.1:6443", "ca": "x"}}]})
    (cluster,) = yaml.safe_load(reachable_at(text, "198.51.100.1"))["clusters"]
    assert cluster["cluster"] == {"server": "https://198.51.100.1:6443", "ca": "x"}
