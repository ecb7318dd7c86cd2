"""The types of the API group meta/v1, one kind a file."""
