"""What is wrong with objects, in plain words, and what would fix it.

finding.py is the form of an answer, each other file knows one family of
kinds, table.py names them all. The rules are functions of objects; only
facts.py asks the cluster.
"""
