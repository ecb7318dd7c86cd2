"""Makes Jobs by the clock.

schedule.py knows when, moments.py what was missed, decide.py what to do about it.
"""
