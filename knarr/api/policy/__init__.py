"""The types of the API group policy, one kind a file."""
