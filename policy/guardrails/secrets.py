"""No private key, token or password is a plain input, because states and previews show plain inputs."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .model import UNKNOWN, Resource, Secret
from .rules import ResourceRule
from .view import NotKnown, Outcome

_SIGNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\bK10[0-9a-f]{64}::\S+"), "a k3s token"),
    (re.compile(r"\bclient-key-data\s*[\"']?\s*:\s*\S"), "a kubeconfig with a client key"),
    (re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$apr1\$\S+\$\S+|:\{SHA\}\S+"), "a password's hash"),
    (re.compile(r"(?i)(?:token|(?:api|access)[-_]?key|password|secret)[\"']?\s*[:=]\s*[\"']?[\w.-]{32,}"), "a token"),
    (re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^/\s:@\"']*:[^/\s@\"']+@"), "a password in a URL"),
    (re.compile(r"(?i)\bbearer\s+[\w.~+/-]{20,}"), "a token"),
    (re.compile(r"\bc(?:f|fu|fa)(?:k|ut|at|_)?_[A-Za-z0-9_-]{40,}"), "a Cloudflare token"),
)
_TOKEN_LENGTHS: Final = {64: "an hcloud token", 40: "a Cloudflare token", 48: "a k3s token"}
"""A text of exactly this length that mixes cases and digits is a token, unless all are hexadecimal digits."""

_NAMES: Final = re.compile(
    r"(?i)[\w-]*token|[\w-]*pass(word|wd|phrase)|(api|service|secret)[-_]?key|api[-_]?user[-_]?service[-_]?key"
    r"|(ca[-_]?)?private[-_]?key([-_]?(pem|openssh|pkcs8|pem[-_]?pkcs8))?"
    r"|kube[-_]?config|client[-_]?(secret|key([-_]?data)?)|secret[-_]?access[-_]?key"
)
_SETTINGS: Final = frozenset(
    {"on", "off", "true", "false", "yes", "no", "enabled", "disabled", "required", "optional", "none", "auto", "strict"}
)
"""Values that turn something on or off: `csrf-token: off` is not a credential."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/\s]{24,}={0,2}\s*")
_WHERE: Final = "pass it as a secret (pulumi.Output.secret, a config secret, or a provider's secret output)"


def _check(resource: Resource) -> Iterator[Outcome]:
    everything_secret = _is_kubernetes_secret(resource.type)
    for key, value in resource.properties.items():
        if everything_secret and key in ("data", "stringData"):
            yield from _whole(key, value)
        else:
            yield from _search(key, key, value)


def _whole(path: str, value: Any) -> Iterator[Outcome]:
    """Check that every value of a Kubernetes Secret is secret."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _whole(f"{path}.{key}", inner)
    elif value is UNKNOWN:
        yield NotKnown(path)
    elif not isinstance(value, Secret) and value not in (None, ""):
        yield f"{path} of a Kubernetes Secret is a plain input; {_WHERE}"


def _search(path: str, name: str, value: Any) -> Iterator[Outcome]:
    match value:
        case Secret():
            return
        case _ if value is UNKNOWN:
            yield NotKnown(path)
        case Mapping():
            if value.get("kind") == "Secret" and value.get("apiVersion") == "v1":  # an element of a List
                for key in ("data", "stringData"):
                    yield from _whole(f"{path}.{key}", value.get(key))
            for key, inner in value.items():
                yield from _search(f"{path}.{key}", str(key), inner)
        case list():
            for index, inner in enumerate(value):
                yield from _search(f"{path}[{index}]", name, inner)
        case str() if value.strip():
            named = _NAMES.fullmatch(name) and value.strip().lower() not in _SETTINGS
            found = "a credential, by its name," if named else recognise(value)
            if found:
                yield f"{path} contains {found} as a plain input; {_WHERE}"


def recognise(text: str) -> str | None:
    """Return the kind of secret that a text contains, if any: directly, in JSON or in base64."""
    for pattern, what in _SIGNS:
        if pattern.search(text):
            return what
    bare = text.strip()
    if len(bare) in _TOKEN_LENGTHS and re.fullmatch(r"[\w-]+", bare) and _mixed(bare):
        return _TOKEN_LENGTHS[len(bare)]
    if bare.startswith(("{", "[")):
        return _in_json(bare)
    decoded = _from_base64(bare)
    return recognise(decoded) if decoded else None


def _mixed(text: str) -> bool:
    """Whether a text mixes cases and digits like a token; a hexadecimal digest does not count."""
    digest = re.fullmatch(r"[0-9A-Fa-f-]+", text)
    return not digest and all(re.search(part, text) for part in ("[a-z]", "[A-Z]", "[0-9]"))


def _in_json(text: str) -> str | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    found = any(isinstance(outcome, str) for outcome in _search("", "", data))
    return "a credential, in JSON," if found else None


def _from_base64(text: str) -> str | None:
    """Return the text inside base64, such as a value of a Secret or a line of a kubeconfig."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _is_kubernetes_secret(type_: str) -> bool:
    return re.fullmatch(r"kubernetes:core/v1:Secret(Patch)?", type_) is not None


RULES: Final = (
    ResourceRule(
        name="no-plain-secrets",
        description="No private key, token, password or hash is a plain input of a resource or provider.",
        every=_check,
        secrecy=True,
    ),
)
