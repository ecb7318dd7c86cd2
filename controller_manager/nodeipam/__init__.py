"""Gives every node its ranges of pod addresses."""
