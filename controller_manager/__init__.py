"""Makes the world match what objects of the API ask for: one controller a kind of wish.

Each controller is a folder: decide.py compares what is wanted with what is
there and answers a Plan, without time, chance or I/O of its own; controller.py
watches and has the plan carried out. manager.py is the list of them all.
"""
