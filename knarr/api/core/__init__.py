"""The types of the API group core/v1, one kind a file."""
