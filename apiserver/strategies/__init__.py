"""What is particular about each kind: defaults, validation, what an update may change.

strategy.py is the shape; one file a kind beside it; table.py finds the strategy of a kind.
"""
