"""Chooses a node for each pod.

scheduler.py is the loop; cycle.py decides and never waits; plugins/ holds the
rules, one a file, in the order of plugins/__init__.py.
"""
