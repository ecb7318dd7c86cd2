"""The Kubernetes REST API over the registry. No rule lives here."""
