"""Releases: `programs` are the host programs, `k3s_settings` the input of k3s', `commands` the calls over SSH."""
