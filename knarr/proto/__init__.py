"""The gRPC contract's messages, made from proto/knarr/v1."""
