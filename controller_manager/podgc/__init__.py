"""Removes pods that nobody else will: those of nodes that are gone, and too many that are over."""
