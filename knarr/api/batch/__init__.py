"""The types of the API group batch, one kind a file."""
