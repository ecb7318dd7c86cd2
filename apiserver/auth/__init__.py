"""Says who asks (authentication) and whether they may (authorization)."""
