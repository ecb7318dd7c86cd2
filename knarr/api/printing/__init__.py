"""What tables say of an object: one function a kind that answers its cells.

The API server's Tables and the CLI's `get` share these. cells.py words what
many kinds say (ages, selectors, lists cut short); each other file holds the
kinds of one API group. Cells stand in the order of `knarr.api.columns`.
"""
