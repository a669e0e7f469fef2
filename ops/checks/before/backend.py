"""The backend of the Pulumi CLI: the login, the stack, its secrets."""

import json
import re
from collections.abc import Iterator
from typing import Final

from ops.checks.before.context import CLOUDFLARE_PERMISSIONS, PATIENCE, Context
from ops.checks.model import RECOVERY, Result, failed, passed, skipped
from ops.engine import EngineError, Pulumi
from ops.stacks.loading import SECRETS

_MEANING: Final = {
    "hcloud:token": "Hetzner Console: Security, API tokens, Read & Write",
    "cloudflare:apiToken": f"Cloudflare dashboard: My Profile, API Tokens, with {CLOUDFLARE_PERMISSIONS}",
    "honeydue:adminUsers": "htpasswd -nB admin",
}


def checks(context: Context) -> Iterator[Result]:
    """Check that the backend answers, that the stack exists, and that its secrets are set and can be decrypted."""
    try:
        login = json.loads(Pulumi(folder=context.folder, patience=PATIENCE).run(["whoami", "--json"]).stdout)
        exists = context.short_name in context.stacks()
    except (EngineError, ValueError) as error:
        yield failed("login", _first_line(error), "run `pulumi login` with the URL of your backend")
        yield skipped("stack and secrets", "the backend does not answer")
        return
    place = re.sub(r"//[^/@]*@", "//", str(login.get("url", "the backend")))  # without a user and a password
    yield passed("login", f"{login.get('user', '')} at {place}")
    if not exists:
        known = f"it has {', '.join(context.stacks())}" if context.stacks() else "it has none of this project"
        yield failed(
            "stack", f"{context.stack} is not in the backend; {known}", f"run `pulumi stack init {context.stack}`"
        )
    elif context.deployed is None:
        yield failed(
            "stack",
            f"{context.stack} exists, and its state cannot be read",
            f"run `pulumi stack export --stack {context.stack}`, which says why",
            RECOVERY,
        )
    else:
        state = "with resources in its state" if context.deployed else "with an empty state"
        yield passed("stack", f"{context.stack} exists, {state}")
    yield from _secrets(context, exists=exists)


def _secrets(context: Context, *, exists: bool) -> Iterator[Result]:
    values = context.file.values if context.file else {}
    missing = [key for key in SECRETS if not values.get(key)]
    for key in missing:
        yield failed(
            key,
            "this secret is not set",
            f"run `pulumi config set --stack {context.stack} --secret {key}` ({_MEANING[key]})",
        )
    if not missing:
        yield passed("secrets", f"{', '.join(SECRETS)} are set")
    if not exists or not context.encrypted:
        yield skipped("decryption", "the stack does not exist" if not exists else "no secret is set")
        return
    try:
        for key in context.encrypted:
            context.secret(key)
    except EngineError as error:
        yield failed(
            "decryption",
            f"{key}: {_first_line(error)}",
            "give the CLI the stack's passphrase (PULUMI_CONFIG_PASSPHRASE) or access to its key; "
            "a secret that was encrypted for another stack must be set again",
        )
    else:
        yield passed("decryption", "this machine can read the stack's secrets")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "no reason given")
