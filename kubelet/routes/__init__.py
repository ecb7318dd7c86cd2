"""Leads packets for pods of other nodes to those nodes, under the pods' own addresses.

decide.py says which route each node needs; links.py does it through netlink;
forwarding.py sees that what is led through the host is let through, whatever
Docker thinks of it. routes.py keeps all that as nodes come and go.
"""
