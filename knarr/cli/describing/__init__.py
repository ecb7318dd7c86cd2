"""What `describe` says of each kind: sheet.py is the paper, table.py names the writers."""
