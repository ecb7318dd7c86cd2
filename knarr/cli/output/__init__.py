"""The forms in which objects are printed: one form, one file; printer.py chooses."""
