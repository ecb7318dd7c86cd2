"""The types of the API group apps, one kind a file."""
