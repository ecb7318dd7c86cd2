"""Keeps pods that have names: web-0, web-1, …, each with its own storage, made in order.

identity.py knows names, pods and claims; retention.py who owns the claims;
decide.py what to make, remove and replace; status.py what to say of it.
"""
