"""Renew the repository's snapshot of Cloudflare's ranges."""
