"""Deletes what has lost its owners, and holds owners back that wait for their dependents.

graph.py knows who depends on whom, kept up to date change by change; decide.py
says what becomes of one object; controller.py watches every kind there is.
"""
