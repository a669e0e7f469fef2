"""Stack files as people write them: any order, flow or block, quotation marks, comments, line ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from components.catalogue import IMAGES, SERVER_TYPES
from components.versions import K3S_RELEASES
from ops.stacks.yaml_text import one_line

ENCRYPTED: Final = "v1:Zm9v:YmFyYmF6"
MIDDLEWARES: Final = ("cloudflare-only", "rate-limit", "security-headers", "admin-auth")
OWN: Final = (
    "zone",
    "location",
    "serverType",
    "networkRange",
    "subnetRange",
    "servers",
    "operators",
    "user",
    "namespace",
    "kubeconfig",
    "originCertificate",
    "originPulls",
    "cloudflareRanges",
    "k3sInstaller",
    "apiNode",
)
"""Keys whose bytes `promote` must never change."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The text of a stack file, and the part of it that each key has."""

    text: str
    chunks: Mapping[str, str]
    comments: Sequence[str]
    list_comments: bool


@st.composite
def travelling(draw: st.DrawFn, zone: str) -> dict[str, Any]:
    """Return settings that travel; some are left to their defaults."""
    average = draw(st.integers(20, 90))
    settings: dict[str, Any] = {
        "k3sVersion": draw(st.sampled_from(sorted(K3S_RELEASES))),
        "image": draw(st.sampled_from(IMAGES)),
        "minTlsVersion": draw(st.sampled_from(["1.2", "1.3"])),
        "rateLimit": draw(
            st.fixed_dictionaries({}, optional={"average": st.just(average), "burst": st.integers(1, 2 * 20)})
        ),
        "ingressClasses": [
            {"name": "traefik"},
            {"name": "partners"},
            *draw(st.lists(st.sampled_from([{"name": "x", "requiredMiddlewares": ["cloudflare-only"]}]), max_size=1)),
        ],
    }
    kept = {key: value for key, value in settings.items() if draw(st.booleans())}
    if "ingressClasses" not in kept:
        kept["ingressClasses"] = settings["ingressClasses"]
    names = draw(st.lists(st.sampled_from(["api", "web", "shop", "docs"]), min_size=1, unique=True))
    return {**kept, "routes": [draw(_route(name, zone)) for name in names]}


@st.composite
def _route(draw: st.DrawFn, name: str, zone: str) -> dict[str, Any]:
    hosts = draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True))
    optional = {
        "ingressClass": st.sampled_from(["traefik", "partners"]),
        "middlewares": st.permutations(MIDDLEWARES).flatmap(
            lambda order: st.integers(1, 4).map(lambda length: list(order[:length]))
        ),
        "sticky": st.sampled_from([None, "visitor", "cookie"]),
        "canary": st.sampled_from([None, {"service": f"{name}-next", "weight": 5}]),
    }
    required = {
        "name": st.just(name),
        "hosts": st.just([f"{host}.{name}.{zone}" for host in hosts]),
        "service": st.sampled_from([f"{name}-one", f"{name}-two"]),
        "port": st.sampled_from([80, 8000]),
    }
    return draw(st.fixed_dictionaries(required, optional=optional))


@st.composite
def own(draw: st.DrawFn, zone: str, network: int) -> dict[str, Any]:
    """Return settings and secrets that never travel."""
    count = draw(st.sampled_from([1, 3]))
    optional = {
        "user": st.sampled_from(["deploy", "operator"]),
        "namespace": st.sampled_from(["honeydue", "edge"]),
        "kubeconfig": st.integers(1, 9).map(lambda number: {"generation": number}),
        "originCertificate": st.integers(1, 9).map(lambda number: {"generation": number, "validityDays": 90}),
        "originPulls": st.sampled_from(["offered", "required"]).map(lambda mode: {"mode": mode}),
        "cloudflareRanges": st.just({"source": "snapshot"}),
        "k3sInstaller": st.just("https://mirror.invalid/install.sh"),
        "apiNode": st.just("hetzner1"),
        "serverType": st.sampled_from(sorted(kind for kind, places in SERVER_TYPES.items() if "hel1" in places)),
    }
    settings = {
        "zone": zone,
        "location": "hel1",
        "networkRange": f"10.{network}.0.0/16",
        "subnetRange": f"10.{network}.1.0/24",
        "servers": [{"name": f"hetzner{n}", "privateIp": f"10.{network}.1.1{n}"} for n in range(1, count + 1)],
        "operators": draw(st.sampled_from([[], ["198.18.0.10/32"], ["198.18.0.0/24", "2001:2::/48"]])),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }
    secrets = ["hcloud:token", "cloudflare:apiToken", "honeydue:adminUsers"]
    chosen = [key for key in secrets if draw(st.booleans())]
    return settings | {key: {"secure": f"{ENCRYPTED}{network}"} for key in chosen} | {"other:key": "it's # not"}


@st.composite
def written(draw: st.DrawFn, settings: Mapping[str, Any]) -> Written:
    """Return a stack file with these settings, in some style."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    chunks: dict[str, str] = {}
    comments: list[str] = []
    list_comments = draw(st.booleans())
    for key in draw(st.permutations(sorted(settings))):
        full = key if ":" in key else f"honeydue:{key}"
        chunks[key] = draw(_chunk(full, settings[key], comments, list_comments=list_comments)).replace("\n", end)
    head = draw(st.sampled_from(["", "# head\n", "---\n", "encryptionsalt: v1:abc=\n"])).replace("\n", end)
    tail = draw(st.sampled_from(["", "  # tail\n", "# tail\n", "\n\n", "encryptionsalt2: v1:abc=\n"])).replace(
        "\n", end
    )
    text = f"{head}config:{end}" + "".join(chunks.values()) + tail
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return Written(text=text, chunks=chunks, comments=comments, list_comments=list_comments)


@st.composite
def _chunk(draw: st.DrawFn, key: str, value: Any, comments: list[str], *, list_comments: bool) -> str:
    above = f"  {_comment(comments)}\n" if draw(st.booleans()) else ""
    behind = f" {_comment(comments)}" if draw(st.booleans()) else ""
    if not isinstance(value, (dict, list)) or not value or draw(st.booleans()):
        style = draw(st.sampled_from([None, "'", '"'])) if isinstance(value, str) else None
        return f"{above}  {key}: {one_line(value, style)}{behind}\n"
    indent = draw(st.sampled_from(["    ", "      "] + (["  "] if isinstance(value, list) else [])))
    if isinstance(value, list) and isinstance(value[0], dict) and draw(st.booleans()):
        lines = [f"- {one_line(item)}" for item in value]
    else:
        lines = yaml.safe_dump(value, sort_keys=False, default_flow_style=False).splitlines()
    body = ""
    for line in lines:
        remark = f" {_comment(comments)}" if list_comments and draw(st.booleans()) else ""
        body += f"{indent}{line}{remark}\n"
    return f"{above}  {key}:{behind}\n{body}"


def _comment(comments: list[str]) -> str:
    comments.append(f"# comment {len(comments)} on: this, [that] {{and}} more")
    return comments[-1]
