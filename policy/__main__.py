"""The policy pack. The rules are in `guardrails/`, by subject."""

from pulumi_policy import PolicyPack

from guardrails import RULES
from guardrails.mechanism.engine import policies

PolicyPack(name="honeydue", policies=policies(RULES))
