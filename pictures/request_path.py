"""The path of a request and of an operator, and who reaches which port; drawn from production's stack file."""

from typing import Final

from components.chart_values import UID, chart_values
from components.settings import Route, Server
from pictures.facts import Access, Facts
from pictures.svg import Drawing

WIDTH: Final = 960
MARGIN: Final = 20
GAP: Final = 19
WIDE: Final = (WIDTH - 2 * MARGIN - 2 * GAP) / 3
LEFTS: Final = [MARGIN + index * (WIDE + GAP) for index in range(3)]
SERVERS_TOP: Final = 176
ROUTES_TOP: Final = 486
_ENTRY: Final = chart_values([], "")["ports"]
_LISTENS: Final = {"22": "sshd", "6443": "API"}
"""What answers operators. A port without a name here must get one before it can be drawn."""
WEB: Final = 60
"""Where the web traffic enters a server, from the server's left edge; operators enter as far from its right edge."""


def draw(facts: Facts) -> Drawing:
    """Return the drawing.

    Raises:
        ValueError: If production no longer has three ingress servers, which is what the drawing has room for.
    """
    servers = facts.settings.servers
    if len(servers) != 3 or not all(server.ingress for server in servers):
        raise ValueError("the drawing has room for three ingress servers; change pictures/request_path.py")
    web, operators = (_numbers(facts, who) for who in ("Cloudflare", "operators"))
    routes = facts.settings.routes
    ports_top = ROUTES_TOP + 76 + 22 * len(routes) + 86
    drawing = Drawing(
        width=WIDTH,
        height=ports_top + 54 + 24 * (len(facts.access) + 1),
        title="The path of a request",
        description=(
            f"A visitor connects to Cloudflare, which chooses one of the proxied records of {len(servers)} servers "
            "and opens TLS to it with a client certificate. "
            f"Hetzner's firewall and UFW admit Cloudflare to ports {web} and "
            f"operators to ports {operators}. Traefik on the host network matches the Ingress, runs its middlewares "
            "and connects to a pod on any server. A table lists who reaches which port."
        ),
    )
    _top(drawing, web, operators)
    for left, server in zip(LEFTS, servers, strict=True):
        _server(drawing, left, server, web, operators)
    _routes(drawing, facts, list(routes))
    _ports(drawing, ports_top, facts.access)
    return drawing


def _top(drawing: Drawing, web: str, operators: str) -> None:
    """Draw the visitor, Cloudflare and the operator, and the lines from them to the three servers."""
    right = WIDTH - MARGIN
    drawing.box("plain", MARGIN, 20, 150, 86, [("title", "Visitor"), ("note", "a browser or an app")])
    edge = [
        ("title", "Cloudflare"),
        ("note", "one proxied A and AAAA record per host and server"),
        ("note", "TLS to the server: Full (strict), with a client certificate"),
        ("note", "tries another server if a connection fails"),
    ]
    drawing.box("edge", 226, 20, 454, 86, edge)
    drawing.arrow("plain", (MARGIN + 150, 63), (224, 63))
    drawing.text(180, 56, "TLS", "note")
    lines = [("title", "Operator"), ("note", "an address listed under"), ("note", "honeydue:operators")]
    drawing.box("operator", right - 190, 20, 190, 86, lines)
    drawing.line("edge", (450, 106), (450, 132))
    drawing.line("edge", (LEFTS[0] + WEB, 132), (LEFTS[2] + WEB, 132))
    drawing.line("operator", (right - 95, 106), (right - 95, 152))
    drawing.line("operator", (LEFTS[0] + WIDE - WEB, 152), (right - 60, 152))
    for left in LEFTS:
        drawing.arrow("edge", (left + WEB, 132), (left + WEB, SERVERS_TOP + 36))
        drawing.arrow("operator", (left + WIDE - WEB, 152), (left + WIDE - WEB, SERVERS_TOP + 36))
    drawing.text(460, 126, f"to {web}", "note")
    drawing.text(right - 105, 144, f"to {operators}", "note", end=True)


def _server(drawing: Drawing, left: float, server: Server, web: str, operators: str) -> None:
    top, inner = SERVERS_TOP, WIDE - 24
    drawing.box("plain", left, top, WIDE, 282)
    drawing.text(left + WEB + 12, top + 22, server.name, "title")
    drawing.text(left + WIDE - WEB - 10, top + 22, str(server.private_ip), "note", end=True)
    for offset, lock in ((38, "Hetzner's firewall"), (104, "UFW on the host")):
        drawing.box("firewall", left + 12, top + offset, inner, 40)
        drawing.text(left + WIDE / 2 - 60, top + offset + 25, lock, "text")
        drawing.line("edge", (left + WEB, top + offset), (left + WEB, top + offset + 40))
        drawing.line("operator", (left + WIDE - WEB, top + offset), (left + WIDE - WEB, top + offset + 40))
    for start, end in ((78, 102), (144, 170)):
        drawing.arrow("edge", (left + WEB, top + start), (left + WEB, top + end))
        drawing.arrow("operator", (left + WIDE - WEB, top + start), (left + WIDE - WEB, top + end))
    drawing.text(left + WEB + 8, top + 96, web, "note")
    drawing.text(left + WIDE - WEB - 8, top + 96, operators, "note", end=True)
    lines = [
        ("title", "Traefik"),
        ("note", "on the host network"),
        ("note", f":{_ENTRY['web']['port']} redirects to HTTPS"),
        ("note", f":{_ENTRY['websecure']['port']} ends TLS"),
        ("note", f"runs as user {UID}"),
    ]
    drawing.box("traefik", left + 12, top + 172, 172, 98, lines)
    lines = [("text", f"{_LISTENS[port]} :{port}") for port in operators.split(", ")]
    drawing.box("operator", left + WIDE - 102, top + 172, 90, 98, lines)
    drawing.arrow("traefik", (left + WEB, top + 270), (left + WEB, ROUTES_TOP - 2))


def _routes(drawing: Drawing, facts: Facts, routes: list[Route]) -> None:
    """Draw the routes, which are the same on every server, and the pods behind them."""
    wide = WIDTH - 2 * MARGIN
    tall = 56 + 22 * len(routes)
    drawing.box("traefik", MARGIN, ROUTES_TOP, wide, tall)
    drawing.text(MARGIN + 10, ROUTES_TOP + 24, "Ingress: routes and middlewares, the same on every server", "title")
    for x, head in ((10, "hosts"), (310, "middlewares, in this order"), (790, "Service")):
        drawing.text(MARGIN + x, ROUTES_TOP + 46, head, "note")
    for index, route in enumerate(routes):
        y = ROUTES_TOP + 68 + 22 * index
        drawing.text(MARGIN + 10, y, ", ".join(route.hosts))
        drawing.text(MARGIN + 310, y, ", ".join(route.middlewares))
        drawing.text(MARGIN + 790, y, f"{route.service} :{route.port}")
    pods = ROUTES_TOP + tall + 26
    drawing.arrow("pod", (MARGIN + WEB, pods - 26), (MARGIN + WEB, pods - 2))
    (tunnel,) = (port for port in facts.ports_of("nodes") if port.endswith("/udp"))
    lines = [
        ("title", "Pods, on any server"),
        ("note", f"Traefik connects to a pod's own address in {facts.plan.pod_cidr}."),
        ("note", f"If the pod is on another server, over the private network {facts.plan.subnet} (VXLAN, {tunnel})."),
    ]
    drawing.box("pod", MARGIN, pods, wide, 66, lines)


def _ports(drawing: Drawing, top: float, access: list[Access]) -> None:
    drawing.text(MARGIN, top + 16, "Who reaches which port of a server", "title")
    for index, item in enumerate(access):
        y = top + 42 + 24 * index
        drawing.text(MARGIN, y, item.sources)
        drawing.text(MARGIN + 330, y, ", ".join(item.ports))
        drawing.text(MARGIN + 690, y, "Hetzner's firewall and UFW" if item.hetzner else "UFW", "note")
    y = top + 42 + 24 * len(access)
    drawing.text(MARGIN, y, "everybody else")
    drawing.text(MARGIN + 330, y, "no port")
    drawing.text(MARGIN + 690, y, "both drop the packets", "note")


def _numbers(facts: Facts, who: str) -> str:
    """Return the ports without their protocol, such as `80, 443`."""
    return ", ".join(port.partition("/")[0] for port in facts.ports_of(who))
