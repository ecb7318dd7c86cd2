"""Answers the API server: logs, exec, attach, port-forward, stats, over gRPC."""
