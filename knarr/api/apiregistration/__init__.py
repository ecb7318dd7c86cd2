"""The types of the API group apiregistration, one kind a file."""
