"""The types of the API group networking, one kind a file."""
