"""Tells every Namespace the certificate by which pods know the API server."""
