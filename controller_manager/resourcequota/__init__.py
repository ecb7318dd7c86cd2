"""Counts what is used of each ResourceQuota, and gives back what is no longer used.

Admission counts what comes at once; this controller counts from what there is
and so puts right what admission cannot see, such as deletes.
"""
