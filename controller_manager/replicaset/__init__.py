"""Keeps a number of pods alive for each ReplicaSet and ReplicationController.

decide.py compares what is wanted with the pods there are; ranking.py says
which pods go first; status.py counts; controller.py watches and writes.
"""
