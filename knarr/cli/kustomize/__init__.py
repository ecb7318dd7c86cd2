"""Kustomizations: the plain subset that most folders use, and a clear no for the rest.

build.py reads a folder from top to bottom, in the order in which its fields act.
"""
