"""The kernel settings of every server.

cloud-init writes them on the first boot, and `components/host/k3s.py` keeps them on a server that runs already.
"""

from typing import Final

FILE: Final = "/etc/sysctl.d/90-honeydue.conf"
SETTINGS: Final = "net.ipv4.ip_unprivileged_port_start = 80\n"
"""Lets Traefik (UID 65532, no new privileges) bind 80 and 443; NET_BIND_SERVICE does not suffice. 22 stays closed."""
