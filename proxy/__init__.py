"""Carries Service addresses to pod addresses on one host."""
