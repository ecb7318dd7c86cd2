"""Keeps one pod on each node that is to have one.

placement.py says which nodes those are; decide.py makes and removes pods;
rolling.py replaces those of old templates; status.py counts.
"""
