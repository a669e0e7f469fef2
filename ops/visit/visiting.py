"""Visit all hosts at the same time, each with a bounded number of attempts before a common deadline."""

import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from ops.visit.asking import NoAnswerError, Target, ask
from ops.visit.hosts import Host
from ops.visit.verdict import Outcome, Verdict, judge

ATTEMPTS: Final = 6
DEADLINE: Final = 120.0
_EXCHANGE: Final = 20.0
"""Seconds that one attempt may take."""
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before the second and each further attempt; the last value repeats."""
_AT_ONCE: Final = 8


@dataclass(frozen=True, kw_only=True)
class Visit:
    """The last outcome at a host, and the number of attempts."""

    host: str
    outcome: Outcome
    attempts: int


def visit_all(
    hosts: Sequence[Host],
    context: ssl.SSLContext,
    *,
    target: Target | None = None,
    attempts: int = ATTEMPTS,
    deadline: float = DEADLINE,
    told: Callable[[Visit], None] = lambda _: None,
) -> list[Visit]:
    """Return one visit per host, in the order of the hosts. Only a failure is tried again.

    Args:
        hosts: The hosts.
        context: The authorities that may have signed the hosts' certificates.
        target: Where to connect to instead of the hosts' own addresses. An answer may then be from another edge.
        attempts: Attempts per host at most.
        deadline: Seconds for everything.
        told: Called after each attempt that failed and is tried again.
    """
    end = time.monotonic() + deadline

    def one(host: Host) -> Visit:
        found = Visit(host=host.name, outcome=Outcome(verdict=Verdict.FAILED, reason="no time was left"), attempts=0)
        for number in range(1, attempts + 1):
            left = end - time.monotonic()
            if left <= 0:
                break
            found = Visit(host=host.name, outcome=_once(host, context, min(left, _EXCHANGE), target), attempts=number)
            pause = _PAUSES[min(number, len(_PAUSES)) - 1]
            last = number == attempts or time.monotonic() + pause >= end
            if found.outcome.verdict is not Verdict.FAILED or last:
                break
            told(found)
            time.sleep(pause)
        return found

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, hosts))


def _once(host: Host, context: ssl.SSLContext, seconds: float, target: Target | None) -> Outcome:
    try:
        return judge(host, ask(host.name, context, seconds, target), from_cloudflare=target is None)
    except NoAnswerError as error:
        return Outcome(verdict=Verdict.FAILED, reason=str(error))
