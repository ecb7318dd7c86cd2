"""The rules of a pod's spec, shared by pods and everything that makes them from a template.

template.py is what workload kinds call; spec.py walks the whole spec in
Kubernetes' order and each other file holds the rules of one noun.
"""
