"""Devices for pods that claim them: what there is, which will do, and who has which.

inventory.py keeps what the API says, offer.py says which devices a node can
use, selectors.py which of them a request wants, allocate.py finds a device for
each request. All pure but for binder.py, which writes what was decided.
"""
