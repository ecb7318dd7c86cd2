"""Starts all of it on this machine, in one process or several."""
