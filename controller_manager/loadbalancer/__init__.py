"""Gives Services of type LoadBalancer an address of a pool, so that none waits for ever."""
