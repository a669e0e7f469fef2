"""Typed readers of the clouds' APIs. They change nothing."""
