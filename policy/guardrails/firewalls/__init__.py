"""Firewalls: `sources` are Cloudflare's ranges and operators, `openings` both firewalls, `one_list` the same ranges."""
