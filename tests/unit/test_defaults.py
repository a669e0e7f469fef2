"""`components/settings.py` is the source of all defaults: whatever else states one has the same."""

from copy import deepcopy
from typing import Any

import pytest
import yaml
from pydantic_core import PydanticUndefined

from components.consistency import cross_checks
from components.settings import Model, Route, Server, Settings
from tests.stack_files import ROOT

DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
FIELDS = dict(zip(Settings.keys(), Settings.model_fields, strict=True))
EMPTY = {"string": "", "array": []}
"""What Pulumi.yaml declares for a key without a default, because the engine would stop at the first missing key."""


@pytest.mark.parametrize("key", FIELDS)
def test_pulumi_yaml_declares_the_default_of_the_settings(key: str) -> None:
    declared, default = DECLARED[key]["default"], Settings.model_fields[FIELDS[key]].default
    if default is None or default is PydanticUndefined:
        assert declared == EMPTY[DECLARED[key]["type"]]
    else:
        assert getattr(validated({key: declared}), FIELDS[key]) == default


@pytest.mark.parametrize("key", [key for key, declared in DECLARED.items() if declared["type"] == "object"])
def test_pulumi_yaml_shows_the_keys_of_an_object_with_their_defaults(key: str) -> None:
    model = Settings.keys()[key]
    assert model is not None
    shown = model.model_validate(DECLARED[key]["default"])
    assert shown.model_fields_set, "an empty object would show operators nothing"
    assert shown == model()


def validated(values: dict[str, Any]) -> Settings:
    """The settings of a file with these values and with the keys that it must have."""
    required = {
        "zone": "example.com",
        "servers": [{"name": "node1", "privateIp": "10.0.1.11"}],
        "operators": ["198.18.0.10/32"],
        "routes": [{"name": "api", "hosts": ["example.com"], "service": "api", "port": 80}],
    }
    return Settings.model_validate({**required, **values})


def defaults(model: type[Model]) -> dict[str, Any]:
    """A model's defaults as a stack file spells them."""
    known = {
        name: field.default for name, field in model.model_fields.items() if field.default is not PydanticUndefined
    }
    made = model.model_construct(None, **known).model_dump(mode="json", by_alias=True, exclude_none=True)
    return dict(made)


def spelled_out(raw: dict[str, Any]) -> dict[str, Any]:
    """The same file with every default written down."""
    full = {**defaults(Settings), **deepcopy(raw)}
    full["servers"] = [{**defaults(Server), **row} for row in full["servers"]]
    full["routes"] = [{**defaults(Route), **row} for row in full["routes"]]
    if isinstance(full["cloudflareRanges"], dict):
        full["cloudflareRanges"] = {**defaults(Settings)["cloudflareRanges"], **full["cloudflareRanges"]}
    return full


FILE: dict[str, Any] = {
    "zone": "example.com",
    "servers": [{"name": "node1", "privateIp": "10.0.1.11"}],
    "operators": ["198.18.0.10/32"],
    "routes": [{"name": "api", "hosts": ["example.com"], "service": "api", "port": 80}],
}
BROKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "two control planes": {"servers": [*FILE["servers"], {"name": "node2", "privateIp": "10.0.1.12"}]},
    "a server outside the subnet": {"servers": [{"name": "node1", "privateIp": "10.0.2.11"}]},
    "the API node is being replaced": {
        "servers": [{"name": f"node{number}", "privateIp": f"10.0.1.1{number}"} for number in (1, 2, 3)],
        "replacing": "node1",
    },
    "no server for DNS": {"servers": [{"name": "node1", "privateIp": "10.0.1.11", "ingress": False}]},
    "a server type that is not sold at the location": {"serverType": "cpx11"},
    "a location that does not sell the server type": {"location": "ash"},
    "ranges without `source: list`": {"cloudflareRanges": {"ipv4": ["104.16.0.0/13"]}},
    "a class that requires more than a route has": {
        "ingressClasses": [{"name": "traefik", "requiredMiddlewares": ["admin-auth"]}]
    },
    "an admin route with the ordinary middlewares": {"routes": [{**FILE["routes"][0], "admin": True}]},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_the_checks_take_a_value_that_is_left_out_for_its_default(broken: str) -> None:
    raw = {**FILE, **BROKEN[broken]}
    short, full = (list(cross_checks(file, "prod")) for file in (raw, spelled_out(raw)))
    assert bool(short) == (broken != "nothing")
    assert short == full
