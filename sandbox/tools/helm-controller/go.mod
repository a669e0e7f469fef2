module honeydue.sandbox/helm-controller

go 1.23.4

require github.com/k3s-io/helm-controller v0.16.17
