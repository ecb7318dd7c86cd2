"""Gives every Namespace its ServiceAccount `default`."""
