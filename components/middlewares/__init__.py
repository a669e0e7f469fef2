"""The four middlewares of the design, as data and as resources.

Source: doc.traefik.io, HTTP middlewares of v3. A router that names a missing middleware answers 404, so the middlewares
are created before the routes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from components.manifests import TRAEFIK_API, Manifest, manifest, register
from components.middlewares.rate_limit import rate_limit
from components.middlewares.security_headers import security_headers
from components.settings import Middleware, RateLimit

ADMIN_USERS_SECRET: Final = "admin-users"  # noqa: S105 - the Secret's name


@dataclass(frozen=True, kw_only=True)
class MiddlewaresArgs:
    """The namespace, the rate limit, Cloudflare's ranges, the admin users (htpasswd), and resources to create first."""

    namespace: str
    rate_limit: RateLimit
    cloudflare: Sequence[str]
    admin_users: pulumi.Output[str]
    after: Sequence[pulumi.Resource]


class Middlewares(pulumi.ComponentResource):
    """The Middleware objects, and the Secret with the admin users."""

    made: list[pulumi.Resource]

    def __init__(self, name: str, args: MiddlewaresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:Middlewares", name, None, opts)
        users = register(
            f"{name}-{ADMIN_USERS_SECRET}",
            manifest("v1", "Secret", args.namespace, ADMIN_USERS_SECRET, stringData={"users": args.admin_users}),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.made = [
            register(
                f"{name}-{middleware}",
                manifest(TRAEFIK_API, "Middleware", args.namespace, middleware, spec=spec),
                pulumi.ResourceOptions(parent=self, depends_on=[users]),
            )
            for middleware, spec in middleware_specs(args.rate_limit, args.cloudflare).items()
        ]
        self.register_outputs({})


def middleware_specs(numbers: RateLimit, cloudflare: Sequence[str]) -> dict[str, Manifest]:
    """Return each middleware's spec, by its name."""
    return {
        str(Middleware.RATE_LIMIT): {"rateLimit": rate_limit(numbers)},
        str(Middleware.SECURITY_HEADERS): {"headers": security_headers()},
        str(Middleware.CLOUDFLARE_ONLY): {"ipAllowList": {"sourceRange": sorted(cloudflare)}},
        str(Middleware.ADMIN_AUTH): {"basicAuth": {"secret": ADMIN_USERS_SECRET, "removeHeader": True}},
    }
