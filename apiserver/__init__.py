"""The API server: the only one that touches the store.

rest and grpc turn a request into one call of registry and its answer into
theirs; auth says who asks and whether they may; registry holds the verbs;
admission and strategies hold the rules; storage keeps the objects.
"""
