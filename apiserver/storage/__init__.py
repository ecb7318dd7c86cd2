"""Keeps objects under one growing revision, and tells of every change in order.

store.py is the promise; memory.py, sqlite.py and etcd.py keep it (local.py is
what the first two share, hub.py what all three hand changes on with); cache.py
answers reads and watches from memory; open.py finds the store that a URL names.
"""
