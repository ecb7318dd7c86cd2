"""Asks containers how they are: one task per probe, results told to the pod's worker."""
