"""Real servers: namespaces of this machine with a network of their own, cloud-init, sshd and UFW. Linux and root."""
