"""Rules of the kinds of certificates.k8s.io/v1."""
