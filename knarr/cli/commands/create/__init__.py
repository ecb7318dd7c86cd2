"""`create`: from files, and by generators, a family of kinds a file.

making.py is what they share, table.py names them all.
"""
