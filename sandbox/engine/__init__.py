"""The real Pulumi engine: found or built, kept away from real accounts, and driven with this repository's program."""
