"""The types of the API group flowcontrol, one kind a file."""
