"""The types of the API group node, one kind a file."""
