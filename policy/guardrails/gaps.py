"""What the rules could not judge in a run, because a value is unknown until the update."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Place = tuple[str, str]
"""A resource's URN, empty for the stack as a whole, and the path of a value."""


@dataclass
class Gaps:
    """The unknown places of each judgement. A judgement is a rule and the URN it judged, empty for the whole stack."""

    _unknown: dict[tuple[str, str], frozenset[Place]] = field(default_factory=dict)

    def record(self, rule: str, urn: str, unknown: Iterable[Place]) -> None:
        """Stores a judgement's unknown places. They replace what the same judgement recorded before."""
        self._unknown[rule, urn] = frozenset(unknown)

    def summary(self) -> str:
        """One line with the number of unknown values, in total and for each rule. Empty if every value was known.

        Several rules can need the same value, so the numbers of the rules can add up to more than the total.
        """
        by_rule: defaultdict[str, set[Place]] = defaultdict(set)
        for (rule, _), unknown in self._unknown.items():
            if unknown:
                by_rule[rule] |= unknown
        if not by_rule:
            return ""
        total = len(set[Place]().union(*by_rule.values()))
        values = "1 value is" if total == 1 else f"{total} values are"
        rules = "; ".join(f"{rule}: {len(unknown)}" for rule, unknown in sorted(by_rule.items()))
        return f"{values} unknown until the update and not judged yet ({rules}); `pulumi up` judges every value"
