"""The types of the API group rbac, one kind a file."""
