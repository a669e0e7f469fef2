"""Recovers a lost state: an import file from the clouds, the cluster and the recovery document (docs/adr/0014)."""
