"""Servers of users that answer for groups of their own, as APIServices say.

extensions.py follows the APIServices and knows which groups are whose;
check.py says whether a server can be reached, connection.py speaks to it.
"""
