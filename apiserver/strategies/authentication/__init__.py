"""Rules of the reviews of authentication.k8s.io/v1."""
