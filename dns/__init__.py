"""Answers cluster names from what the API says, and forwards the rest."""
