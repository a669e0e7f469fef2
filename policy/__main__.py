"""The policy pack. The rules are in `guardrails/`."""

from pulumi_policy import PolicyPack

from guardrails.engine import policies

PolicyPack(name="honeydue", policies=policies())
