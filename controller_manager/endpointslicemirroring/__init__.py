"""Mirrors Endpoints that people write by hand into EndpointSlices."""
