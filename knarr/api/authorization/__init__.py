"""The types of the API group authorization, one kind a file."""
