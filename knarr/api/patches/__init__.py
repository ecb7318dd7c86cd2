"""The ways to say a change: JSON patch, merge patch, strategic merge patch, three-way apply.

All work on plain JSON values and leave the one they are handed as it is.
Errors carry Kubernetes' words; `errors.py` says which answer each becomes.
"""
