"""Empties a Namespace that is being deleted, and lets it go once nothing is left in it."""
