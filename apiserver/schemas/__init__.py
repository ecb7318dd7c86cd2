"""What custom objects must look like, from the OpenAPI schema of their definition.

structural.py reads a schema once into nodes; shape.py says what is done with
an object in which order: pruning.py drops what no schema names, defaulting.py
fills in, validate.py and its kin find what is wrong.
"""
