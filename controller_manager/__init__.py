"""Makes the world match what is wanted.

One folder a controller: `decide` is pure, `controller` watches and calls.
"""
