"""Runs containers: runtime.py is the promise; docker, process and hollow keep it."""
