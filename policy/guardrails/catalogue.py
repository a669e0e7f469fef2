"""All rules, in the order in which a reader of the pack wants to meet them."""

from typing import Final

from .certificates import CERTIFICATES
from .dns import DNS_RULES
from .firewalls import FIREWALL_RULES
from .hosts import HOSTS
from .one_list import ONE_LIST
from .pods import PODS
from .route_references import REFERENCE_RULES
from .route_shape import ROUTE_SHAPE
from .rules import Rule
from .secrets import PLAIN_SECRETS
from .servers import SERVER_RULES
from .traefik import TRAEFIK_RULES

RULES: Final[tuple[Rule, ...]] = (
    *TRAEFIK_RULES,
    PODS,
    *FIREWALL_RULES,
    *SERVER_RULES,
    *DNS_RULES,
    ROUTE_SHAPE,
    *REFERENCE_RULES,
    HOSTS,
    ONE_LIST,
    PLAIN_SECRETS,
    CERTIFICATES,
)
