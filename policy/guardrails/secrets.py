"""Secrets: no private key, token or password is a plain input, and Kubernetes Secrets have known names and keys.

States and previews show plain inputs.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from guardrails.mechanism.model import UNKNOWN, Resource, Secret
from guardrails.mechanism.objects import SECRET, identity, object_of
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import Entry, known, one_of, shape, table_in, unknown
from guardrails.mechanism.view import NotKnown, Outcome, View, together

_in = table_in(__name__)

_PLACE: Final = r"(\$\([\w.-]+\)|\$\{[\w.-]+\}|\$[A-Za-z_]\w*|<[\w-]+>|\*+|%s)"
"""A place for a password, which something else fills."""
_SIGNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\bK10[0-9a-f]{64}::\S+"), "a k3s token"),
    (re.compile(r"\bclient-key-data\s*[\"']?\s*:\s*\S"), "a kubeconfig with a client key"),
    (re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$apr1\$\S+\$\S+|:\{SHA\}\S+"), "a password's hash"),
    (re.compile(r"(?i)(?:token|(?:api|access)[-_]?key|password|secret)[\"']?\s*[:=]\s*[\"']?[\w.-]{32,}"), "a token"),
    (re.compile(rf"(?i)\b[a-z][a-z0-9+.-]*://[^/\s:@\"'\[]*:(?!{_PLACE}@)(?!\d+/)[^\s@\"']+@"), "a password in a URL"),
    (re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://(?=[^/\s:@]*\d)[\w.~-]{20,}@"), "a token in a URL"),
    (
        re.compile(
            r"\b(gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|pul-[0-9a-f]{40}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,})"
        ),
        "a token",
    ),
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
    everything_secret = resource.type in (SECRET, f"{SECRET}Patch")
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
            variable = value.get("name")  # of an environment variable
            for key, inner in value.items():
                own = variable if key == "value" and isinstance(variable, str) else str(key)
                yield from _search(f"{path}.{key}", own, inner)
        case list():
            for index, inner in enumerate(value):
                yield from _search(f"{path}[{index}]", name, inner)
        case str() if value.strip():
            setting = value.strip().lower() in _SETTINGS or re.fullmatch(_PLACE, value.strip())
            named = _NAMES.fullmatch(name) and not setting
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


SECRETS: Final = {
    "kube-system/origin-pulls-ca": ("ca.crt",),
    "*/cloudflare-origin-cert": ("tls.crt", "tls.key"),
    "*/admin-users": ("users",),
    "*/*-client-ca": ("ca.crt",),
}
"""The Secrets that the stack may have, as NAMESPACE/NAME, and their keys. `*` is any text."""

_BODY: Final[dict[str, Entry]] = {
    **dict.fromkeys(("data", "stringData", "immutable"), known),
    "type": one_of(None, "Opaque", "kubernetes.io/tls"),
}


def _secret(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    name = "/".join(identity(body))
    keys = next((keys for pattern, keys in SECRETS.items() if fnmatchcase(name, pattern)), None)
    if keys is None:
        yield unknown(f"Secret {name}", _in("SECRETS"))
        return
    allowed = shape(_in("SECRETS"), dict.fromkeys(keys, known))
    yield from together(allowed(body.at("data")), allowed(body.at("stringData")))


RULES: Final = (
    ResourceRule(
        name="no-plain-secrets",
        description="No private key, token, password or hash is a plain input of a resource or provider.",
        every=_check,
        secrecy=True,
    ),
    ResourceRule(
        name="secrets-are-known",
        description="Kubernetes Secrets have known names and keys.",
        judges=object_of(SECRET, _in("SECRETS"), _BODY, system=("origin-pulls-ca",), more=_secret),
    ),
)
