"""Remove secrets from the JSON of a preview, also those that somebody passed in plain text.

Redaction runs while the file is read, so no later part of this package ever holds a secret.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

SECRET: Final = "[secret]"  # noqa: S105 - the mask, as the engine writes it
UNKNOWN: Final = "[unknown]"

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret, an asset or an archive in Pulumi's property maps."""

_UNKNOWN_VALUES: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What the engine writes for a value that it does not know yet (sdk/go/common/resource/plugin/rpc.go)."""

_SECRET_NAMES: Final = re.compile(
    r"(?i)[\w-]*token|[\w-]*pass(word|wd|phrase)|(api|service|secret)[-_]?key"
    r"|(ca[-_]?)?private[-_]?key([-_]?(pem|openssh|pkcs8|pem[-_]?pkcs8))?"
    r"|kube[-_]?config|client[-_]?(secret|key([-_]?data)?)|user[-_]?data|admin[-_]?users|string[-_]?data"
)
_KUBECONFIG: Final = re.compile(r"client-key-data|client-certificate-data|certificate-authority-data")
_ENCODED: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]+")
"""Base64 that starts with `-----BEGIN`."""

_SECRETS: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)"
    r"|\bK10[0-9a-f]{64}::\S+"
    r"|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$apr1\$\S+\$\S+|\{SHA\}\S+"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b(?:cf|cfu|cfa)(?:k|ut|at)?_[A-Za-z0-9_-]{20,}"
    r"|(?<![\w.+/=-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*[0-9])[A-Za-z0-9_-]{40,}(?![\w.+/=-])",
    re.DOTALL,
)
_PUBLIC: Final = re.compile(
    r"-----BEGIN (CERTIFICATE REQUEST|CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----\n?", re.DOTALL
)
"""Not secret, but long, and parts of it look like tokens."""
_ASSIGNED: Final = re.compile(
    r"(?i)((?:token|(?:api|access|secret)[-_]?key|password|passwd|secret)[\"']?\s*[:=]\s*[\"']?|\bbearer\s+)"
    r"(?!\[secret\])[^\s\"',;]{8,}"
)
_COLOUR: Final = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def redact(value: Any, *, name: str = "", kubernetes_secret: bool = False) -> Any:
    """Return a JSON value without secrets, colours and control characters; unknown values become `[unknown]`.

    Args:
        value: Any JSON value.
        name: The key that holds it. The value of a key such as `password` is a secret as a whole.
        kubernetes_secret: Whether the value belongs to a Kubernetes Secret, whose `data` is a secret as a whole.
    """
    if isinstance(value, str) and value in _UNKNOWN_VALUES:
        return UNKNOWN
    named = _SECRET_NAMES.fullmatch(name) or (kubernetes_secret and name == "data")
    marked = isinstance(value, Mapping) and _SIGNATURE in value
    if marked or (named and value not in (None, "", True, False)):
        return SECRET
    match value:
        case Mapping():
            return {
                redact_text(str(key)): redact(inner, name=str(key), kubernetes_secret=kubernetes_secret)
                for key, inner in value.items()
            }
        case list():
            return [redact(inner, kubernetes_secret=kubernetes_secret) for inner in value]
        case _:
            return redact_text(value) if isinstance(value, str) else value


def redact_text(text: str) -> str:
    """Return a text without secrets; a text that contains a kubeconfig is a secret as a whole."""
    if _KUBECONFIG.search(text):
        return SECRET
    plain = _CONTROL.sub("", _COLOUR.sub("", text))
    plain = _PUBLIC.sub(lambda found: f"[{found[1].lower()}]", plain)
    for pattern in (_SECRETS, _ENCODED):
        plain = pattern.sub(SECRET, plain)
    return _ASSIGNED.sub(lambda found: found[1] + SECRET, plain)
