"""The smallest program on the same providers: one resource of each."""

import pulumi
import pulumi_cloudflare as cloudflare
import pulumi_command as command
import pulumi_hcloud as hcloud
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pulumi_tls as tls

key = tls.PrivateKey("key", algorithm="ED25519")
random.RandomId("id", byte_length=4)
hcloud.Network("network", name="bench", ip_range="10.0.0.0/16")
cloudflare.ZoneSetting("ssl", zone_id=f"{1:032x}", setting_id="ssl", value="strict")
cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=pulumi.Output.secret('{"clusters":[{"name":"bench","cluster":{"server":"https://127.0.0.1:6443"}}]}'),
    cluster_identifier="bench",
)
kubernetes.core.v1.Namespace("namespace", metadata={"name": "bench"}, opts=pulumi.ResourceOptions(provider=cluster))
command.remote.Command(
    "command",
    connection=command.remote.ConnectionArgs(host="127.0.0.1", user="nobody", private_key=key.private_key_openssh),
    create="true",
)
