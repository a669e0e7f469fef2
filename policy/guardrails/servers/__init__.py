"""Servers: `first_boot` is their user_data, `fleet` their network, addresses and protection."""
