"""Rules of the kinds of policy/v1."""
