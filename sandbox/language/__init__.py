"""A language host for Python, for an engine that has none: the plugin that the Pulumi CLI runs a program with.

The official CLI brings its own, `pulumi-language-python`. An engine built from Go modules does not, because no module
holds it.
"""
