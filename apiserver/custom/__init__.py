"""Serves the kinds that CustomResourceDefinitions define.

controller.py follows the definitions and serves, changes and removes kinds;
strategy.py holds the rules of their objects, one strategy a version.
"""
