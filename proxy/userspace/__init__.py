"""Carries connections itself, where there is no privilege to let the kernel do it."""
