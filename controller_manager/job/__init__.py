"""Runs pods until enough of them have succeeded, counting each exactly once.

indexes.py, policies.py, pods.py, backoff.py: what Jobs are made of;
observed.py what one look finds; verdict.py whether the Job is over;
manage.py which pods to make and remove; tracking.py the exact count;
decide.py puts them together.
"""
