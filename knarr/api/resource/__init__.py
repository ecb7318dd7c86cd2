"""The types of the API group resource, one kind a file."""
