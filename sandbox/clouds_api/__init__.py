"""The read APIs of Hetzner Cloud and Cloudflare over HTTP on loopback, answered from the sandbox's world.

Only what `ops/clouds/` reads is served, with the paths, JSON, paging and errors of the real APIs. Changes still go
through the providers' stand-ins (`sandbox/providers/`).
"""
