"""The types of the API group version, one kind a file."""
