"""The policy pack; its rules are data in `guardrails/`."""

from pulumi_policy import PolicyPack

from guardrails.engine import policies

PolicyPack(name="honeydue", policies=policies())
