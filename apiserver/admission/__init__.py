"""Checks and changes between a request and the store: an ordered chain of small plugins."""
