"""Pods that this node runs by itself, from files.

manifest.py reads them, source.py follows the files, mirrors.py shows the pods
in the API.
"""
