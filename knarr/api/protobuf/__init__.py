"""Reads Kubernetes' protobuf form, which some clients send whatever they are told.

decode.py turns it into JSON; fields.txt says which number is which field. The
types of the fields are those of `knarr.api`, so nothing else is needed.
"""
