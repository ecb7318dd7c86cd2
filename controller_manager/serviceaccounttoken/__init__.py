"""Fills in Secrets that ask for the token of a ServiceAccount."""
