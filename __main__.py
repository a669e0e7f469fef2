"""The stack: create honeydue's edge, with the components in the order in which data flows."""

import pulumi

from components.addresses import AddressPlan
from components.config import StackConfig, admin_users
from components.deployed import Deployed
from components.dns import RoundRobinDns, RoundRobinDnsArgs, find_zone
from components.fleet import Fleet, FleetArgs
from components.k3s_cluster import K3sCluster, K3sClusterArgs, kubernetes_provider
from components.origin_tls import OriginCertificate, OriginCertificateArgs, OriginPulls, OriginPullsArgs
from components.quorum_gate import QuorumGate
from components.ranges_in_force import ranges_in_force
from components.recovery import Keeper, Recovery
from components.routes import Routes, RoutesArgs
from components.traefik import Traefik, TraefikArgs
from components.versions import K3S_RELEASES
from components.zone_settings import ZoneTls

keeper = Keeper.watch()
config = StackConfig.load()
deployed = Deployed.read()
config.refuse_live_changes(deployed)
zone_id = find_zone(config.zone)
ranges = ranges_in_force(config.cloudflare_ranges)
plan = AddressPlan(network=config.network_range, subnet=config.subnet_range)
release = K3S_RELEASES[config.k3s_version]
gate = QuorumGate(
    servers=[server.name for server in config.servers], replacing=config.replacing, teardown=config.teardown
)

fleet = Fleet(
    "edge", FleetArgs(config=config, plan=plan, ranges=ranges, gate=gate, firewall_attempts=deployed.attempts)
)
cluster = K3sCluster(
    "k3s",
    K3sClusterArgs(
        nodes=fleet.nodes,
        api_node=config.api_server.name,
        firewalls=fleet.firewalls,
        plan=plan,
        version=config.k3s_version,
        installer=config.installer,
        kubeconfig_generation=config.kubeconfig.generation,
        gate=gate,
        teardown=config.teardown,
    ),
)
kubernetes = kubernetes_provider("cluster", cluster)
in_cluster = pulumi.ResourceOptions(provider=kubernetes)
adopting = kubernetes_provider("cluster-adopting", cluster, adopts=True)

certificate = OriginCertificate(
    "origin",
    OriginCertificateArgs(
        hosts=config.hosts,
        generation=config.origin_certificate.generation,
        validity_days=config.origin_certificate.validity_days,
    ),
)
pulls = OriginPulls(
    "pulls",
    OriginPullsArgs(
        zone_id=zone_id, zone=config.zone, enabled=config.pulls_offered, generation=config.origin_pulls.generation
    ),
)
zone_tls = ZoneTls("zone", zone_id, config.min_tls_version)

traefik = Traefik(
    "traefik",
    TraefikArgs(
        cloudflare=ranges.cidrs,
        status_hostname=config.zone,
        min_tls_version=config.min_tls_version,
        api=cluster.api.reachable,
        pulls_ca=pulls.ca_certificate if config.pulls_required else None,
        pulls_ready=pulls.enabled,
    ),
    in_cluster,
)
routes = Routes(
    "routes",
    RoutesArgs(
        namespace=config.namespace,
        namespace_provider=adopting,
        teardown=config.teardown,
        rate_limit=config.rate_limit,
        cloudflare=ranges.cidrs,
        admin_users=admin_users(),
        routes=config.routes,
        classes=config.ingress_classes,
        min_tls_version=config.min_tls_version,
        certificate=certificate.certificate,
        private_key=certificate.private_key,
        after=[traefik.ready],
    ),
    in_cluster,
)
dns = RoundRobinDns("dns", RoundRobinDnsArgs(zone_id=zone_id, nodes=fleet.ingress_nodes, answering=routes.answering))
recovery = Recovery("recovery", fleet.nodes, keeper.document())
gate.guard([fleet, cluster, kubernetes, adopting, certificate, pulls, zone_tls, traefik, routes, dns, recovery])

pulumi.export("nodes", fleet.summary)
pulumi.export("urls", [f"https://{host}/" for host in config.hosts])
pulumi.export("certificate_expires", certificate.expires_on)
pulumi.export("cloudflare_ranges", ranges.digest)
pulumi.export("versions", {"k3s": config.k3s_version, "traefik": release.traefik, "traefik_chart": release.chart})
pulumi.export("kubeconfig", cluster.kubeconfig)
