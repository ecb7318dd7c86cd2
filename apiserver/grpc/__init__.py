"""The gRPC API over the registry. No rule lives here."""
