"""The types of the API group apiextensions, one kind a file."""
