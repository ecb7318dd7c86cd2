"""Real hosts: servers, agents that join them, and how they leave.

discovery.py believes a cluster by a token and a hash, certificates.py gets and
renews what a node shows, join.py puts the steps of an agent in order, agent.py
runs a node, server.py a control plane, bundle.py carries its keys to the next
server, etcd.py runs a member of its store. Each step may be interrupted and
done again; none ever makes a second cluster.
"""
