"""The policy pack; its rules are data in `guardrails/`."""

from pulumi_policy import PolicyPack

from guardrails.engine import policies
from guardrails.reading import read_once

read_once()
PolicyPack(name="honeydue", policies=policies())
