"""Binds claims to volumes, makes volumes on demand, and takes back what claims leave behind.

matching.py finds the volume that suits a claim; claim.py and volume.py decide
about one object each; provisioning.py makes volumes in folders of the host.
"""
