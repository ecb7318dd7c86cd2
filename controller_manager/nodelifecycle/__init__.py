"""Notices nodes that fall silent, and says by taints and conditions what is wrong with a node.

zones.py holds evictions back where so many nodes are silent that the fault is
more likely the network's.
"""
