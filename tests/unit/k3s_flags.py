"""The long names of k3s' server flags, which are the keys that its configuration file may have (k3s 1.3x)."""

SERVER_FLAGS = frozenset(
    """
    advertise-address advertise-port agent-token agent-token-file alsologtostderr bind-address cluster-cidr
    cluster-dns cluster-domain cluster-init cluster-reset cluster-reset-restore-path config
    container-runtime-endpoint data-dir datastore-cafile datastore-certfile datastore-endpoint
    datastore-keyfile debug default-local-storage-path disable disable-apiserver-lb disable-cloud-controller
    disable-helm-controller disable-kube-proxy disable-network-policy disable-scheduler docker
    egress-selector-mode embedded-registry enable-pprof etcd-arg etcd-disable-snapshots etcd-expose-metrics
    etcd-s3 etcd-s3-access-key etcd-s3-bucket etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-folder
    etcd-s3-insecure etcd-s3-region etcd-s3-secret-key etcd-s3-skip-ssl-verify etcd-s3-timeout
    etcd-snapshot-compress etcd-snapshot-dir etcd-snapshot-name etcd-snapshot-retention
    etcd-snapshot-schedule-cron flannel-backend flannel-cni-conf flannel-conf flannel-external-ip
    flannel-iface flannel-ipv6-masq helm-job-image https-listen-port image-credential-provider-bin-dir
    image-credential-provider-config kube-apiserver-arg kube-cloud-controller-manager-arg
    kube-controller-manager-arg kube-proxy-arg kube-scheduler-arg kubelet-arg lb-server-port log
    node-external-ip node-ip node-label node-name node-taint pause-image prefer-bundled-bin private-registry
    protect-kernel-defaults resolv-conf rootless secrets-encryption selinux server service-cidr
    service-node-port-range servicelb-namespace snapshotter supervisor-metrics system-default-registry tls-san
    tls-san-security token token-file v vmodule vpn-auth vpn-auth-file with-node-id write-kubeconfig
    write-kubeconfig-group write-kubeconfig-mode
    """.split()
)
