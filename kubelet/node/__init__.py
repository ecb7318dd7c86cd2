"""Keeps the node's own object true: registration, capacity, conditions, heartbeat."""
