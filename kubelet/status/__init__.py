"""Computes a pod's status from its spec and what its containers do, purely."""
