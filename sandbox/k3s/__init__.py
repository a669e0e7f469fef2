"""k3s as the real servers install it: the same files, names and manners around real Kubernetes programs."""
