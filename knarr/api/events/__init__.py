"""The types of the API group events, one kind a file."""
