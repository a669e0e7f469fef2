"""The mechanism of the rules. It knows no subject.

`model` is a resource as plain data, `view` reads it, `shapes` are closed tables of values, `documents` are YAML and
JSON in texts, `objects` are Kubernetes objects, `addresses` are address ranges, `rules` applies rules, and `engine` and
`proxies` make policies of them.
"""
