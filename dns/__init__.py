"""Answers names: those of the cluster from what it watches, all others by asking elsewhere.

message.py and records.py compute and never wait; plugins/ holds the steps of an
answer, one a file, in the order of plugins/__init__.py; front.py takes queries
in and answers what was asked before from ready-made bytes; dns.py runs it all.
"""
