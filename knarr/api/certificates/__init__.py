"""The types of the API group certificates, one kind a file."""
