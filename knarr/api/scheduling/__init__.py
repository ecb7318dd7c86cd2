"""The types of the API group scheduling, one kind a file."""
