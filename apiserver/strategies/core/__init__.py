"""The strategies of core/v1, one kind a file.

rows.py lists them; what services and volumes are made of has files of its own beside them.
"""
