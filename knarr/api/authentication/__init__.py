"""The types of the API group authentication, one kind a file."""
