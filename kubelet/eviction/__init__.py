"""Keeps a node from running out: who must go when memory, disk or process ids become scarce.

thresholds.py reads what the operator says, decide.py and rank.py decide,
readings.py measures, evictor.py acts; images.py frees what nobody uses.
"""
