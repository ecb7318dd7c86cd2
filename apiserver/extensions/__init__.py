"""Admission by programs and policies of the cluster's users.

webhooks.py asks programs over HTTPS, policies.py evaluates expressions;
matching.py says what concerns which, review.py what both are told.
"""
