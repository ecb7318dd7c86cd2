"""Deletes Jobs some time after they finished, where they ask for that."""
