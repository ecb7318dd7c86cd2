"""The types of the API group storage, one kind a file."""
