"""Deletes requests for certificates that are answered, or were never."""
