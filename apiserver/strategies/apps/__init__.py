"""Rules of the kinds of apps/v1, one kind a file; template.py holds what they share."""
