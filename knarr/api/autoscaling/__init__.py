"""The types of the API group autoscaling, one kind a file."""
