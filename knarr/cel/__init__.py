"""The Common Expression Language with Kubernetes' libraries.

program.py is the door: a text becomes a `Program`, a program and variables a
value. lexer.py and parse.py make the tree of tree.py, compile.py turns the
tree into closures, checker.py finds what cannot be right before it is run.
The functions stand in the files called after what they work on.
"""
