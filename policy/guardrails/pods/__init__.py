"""Pods: `workloads` are the objects that create them, `objects` the other objects of applications."""
