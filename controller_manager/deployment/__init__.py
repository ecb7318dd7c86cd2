"""Rolls a Deployment's template out through ReplicaSets.

decide.py says what comes next; template.py finds or makes the ReplicaSet of
the current template and keeps the revisions; rolling.py moves replicas from
the old ones to it, scaling.py shares a changed number out among all of them;
status.py counts and judges progress; controller.py watches and writes.
"""
