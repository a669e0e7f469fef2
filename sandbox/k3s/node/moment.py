"""The time as the API writes it."""

import time


def now() -> str:
    """To the second, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def now_exactly() -> str:
    """The form that a Lease wants."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
