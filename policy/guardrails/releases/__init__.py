"""Releases: `programs` are the host programs, `k3s` its releases and settings, `commands` the calls over SSH."""
