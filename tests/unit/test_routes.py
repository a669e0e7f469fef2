"""Routes as manifests: what Traefik is told for plain, canary, sticky and client-certificate routes."""

from typing import Any

from components.middlewares import middleware_specs
from components.routes import ingress_class, route_manifests
from components.settings import IngressClass, RateLimit, Route

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def made(**changes: Any) -> dict[str, dict[str, Any]]:
    """A route's manifests by kind."""
    fields = {"name": "api", "hosts": ["b.example.com", "a.example.com"], "service": "api", "port": 8000} | changes
    return {body["kind"]: body for body in route_manifests(Route.model_validate(fields), "honeydue", "1.2")}


def test_a_plain_route_is_a_standard_ingress_with_tls_and_middlewares() -> None:
    (body,) = made().values()
    assert body["kind"] == "Ingress"
    assert body["spec"]["ingressClassName"] == "traefik"
    assert body["spec"]["tls"] == [
        {"hosts": ["a.example.com", "b.example.com"], "secretName": "cloudflare-origin-cert"}
    ], "without its own certificate Cloudflare answers 526"
    assert [rule["host"] for rule in body["spec"]["rules"]] == ["a.example.com", "b.example.com"]
    assert body["metadata"]["annotations"]["traefik.ingress.kubernetes.io/router.middlewares"] == (
        "honeydue-cloudflare-only@kubernetescrd,honeydue-rate-limit@kubernetescrd,"
        "honeydue-security-headers@kubernetescrd"
    )
    assert body["spec"]["rules"][0]["http"]["paths"] == [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "api", "port": {"number": 8000}}}}
    ]


def test_a_canary_is_weighted_over_a_traefikservice() -> None:
    bodies = made(canary={"service": "next", "weight": 10})
    assert list(bodies) == ["TraefikService", "IngressRoute"], "the service must be there before its router"
    assert bodies["TraefikService"]["spec"]["weighted"]["services"] == [
        {"name": "api", "port": 8000, "weight": 90},
        {"name": "next", "port": 8000, "weight": 10},
    ]
    spec = bodies["IngressRoute"]["spec"]
    assert spec["entryPoints"] == ["websecure"]
    assert spec["tls"] == {"secretName": "cloudflare-origin-cert"}
    assert spec["routes"][0]["services"] == [{"kind": "TraefikService", "name": "api-weighted"}]
    assert spec["routes"][0]["match"] == "Host(`a.example.com`) || Host(`b.example.com`)"
    assert [item["name"] for item in spec["routes"][0]["middlewares"]] == [
        "cloudflare-only",
        "rate-limit",
        "security-headers",
    ]


def test_an_admin_route_is_marked_for_the_policies() -> None:
    for changes in ({}, {"sticky": "visitor"}):
        for admin in (True, False):
            metadata = list(made(admin=admin, **changes).values())[-1]["metadata"]
            assert (metadata["annotations"].get("honeydue.com/admin") == "true") == admin


COOKIE = {"httpOnly": True, "secure": True, "sameSite": "lax"}


def test_a_sticky_route_names_its_service_where_no_other_route_can_take_its_cookie_away() -> None:
    bodies = made(sticky="visitor")
    assert list(bodies) == ["IngressRoute"], "in a TraefikService the Service would be every canary's over it too"
    assert bodies["IngressRoute"]["spec"]["routes"][0]["services"] == [
        {"name": "api", "port": 8000, "sticky": {"cookie": {"name": "visitor", **COOKIE}}}
    ]


def test_a_sticky_canary_keeps_a_visitor_at_one_service_and_one_of_its_pods() -> None:
    weighted = made(sticky="visitor", canary={"service": "next", "weight": 10})["TraefikService"]["spec"]["weighted"]
    assert weighted["sticky"] == {"cookie": {"name": "visitor", **COOKIE}}
    pods = {"cookie": {"name": "visitor-pod", **COOKIE}}
    assert [service["sticky"] for service in weighted["services"]] == [pods, pods]


def test_a_canary_is_not_its_own_service() -> None:
    bodies = made(name="api-8000", canary={"service": "next", "weight": 10})
    named = bodies["TraefikService"]["metadata"]["name"]
    assert named != "api-8000", "so Traefik calls the Service api at port 8000"


def test_a_route_may_ask_for_client_certificates_of_its_own() -> None:
    bodies = made(clientCertificates=[CA])
    assert list(bodies) == ["Secret", "TLSOption", "Ingress"]
    assert bodies["Secret"]["stringData"] == {"ca.crt": CA}
    assert bodies["TLSOption"]["spec"]["clientAuth"] == {
        "clientAuthType": "RequireAndVerifyClientCert",
        "secretNames": ["api-client-ca"],
    }
    annotations = bodies["Ingress"]["metadata"]["annotations"]
    assert (
        annotations["traefik.ingress.kubernetes.io/router.tls.options"]
        == "honeydue-api-client-certificates@kubernetescrd"
    )


def test_a_canary_may_ask_for_client_certificates_too() -> None:
    tls = made(canary={"service": "next", "weight": 10}, clientCertificates=[CA])["IngressRoute"]["spec"]["tls"]
    assert tls["options"] == {"name": "api-client-certificates", "namespace": "honeydue"}


def test_a_canary_says_its_class_where_traefik_does_not_look() -> None:
    annotations = made(canary={"service": "next", "weight": 10})["IngressRoute"]["metadata"]["annotations"]
    assert annotations == {"honeydue.com/ingress-class": "traefik"}, "kubernetes.io/ingress.class would hide the route"


def test_a_class_is_served_by_the_same_controller_and_says_what_its_routes_need() -> None:
    item = IngressClass(name="partners", required_middlewares=("rate-limit", "cloudflare-only"))
    body = ingress_class(item)
    assert body["spec"] == {"controller": "traefik.io/ingress-controller"}
    assert body["metadata"]["annotations"] == {"honeydue.com/required-middlewares": "cloudflare-only,rate-limit"}


def test_the_rate_limit_counts_visitors_and_can_limit() -> None:
    limit = middleware_specs(RateLimit(), ["192.0.2.0/24"])["rate-limit"]["rateLimit"]
    assert limit["burst"] <= 2 * limit["average"], "the bucket would come back full before it is empty"
    assert limit["period"] == "1s"
    assert limit["sourceCriterion"] == {"ipStrategy": {"depth": 1, "ipv6Subnet": 64}}, "it would limit the edge instead"


def test_the_allow_list_judges_the_peer_and_not_a_header() -> None:
    spec = middleware_specs(RateLimit(), ["192.0.2.0/24"])["cloudflare-only"]["ipAllowList"]
    assert spec == {"sourceRange": ["192.0.2.0/24"]}, "an ipStrategy would judge X-Forwarded-For"


def test_the_admins_password_is_not_passed_on() -> None:
    assert middleware_specs(RateLimit(), [])["admin-auth"]["basicAuth"] == {
        "secret": "admin-users",
        "removeHeader": True,
    }
