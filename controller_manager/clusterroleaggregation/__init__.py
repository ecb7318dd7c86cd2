"""Gives ClusterRoles that gather others the rules of those."""
