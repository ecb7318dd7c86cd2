"""Scales workloads by what their pods use.

metrics.py is the source of numbers; replicas.py turns numbers into a size;
behavior.py keeps it from jumping; decide.py says what is done and told.
"""
