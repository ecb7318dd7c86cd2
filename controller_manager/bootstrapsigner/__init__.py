"""Signs the ConfigMap `cluster-info`, so that who holds a token can believe it."""
