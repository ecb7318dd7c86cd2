"""The types of the API group coordination, one kind a file."""
