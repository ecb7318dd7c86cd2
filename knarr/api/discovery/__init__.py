"""The types of the API group discovery, one kind a file."""
