"""Keeps objects under one growing revision, and tells of every change in order.

store.py is the promise; memory.py, sqlite.py and etcd.py keep it; cache.py
answers reads and watches from memory.
"""
