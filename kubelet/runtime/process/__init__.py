"""Pods as supervised processes of this machine: no Docker, no root, no images.

runtime.py keeps the promise; folder.py is what survives a restart of the
kubelet; enter.py becomes the container; output.py turns what it prints into a
log; session.py runs commands beside it.
"""
