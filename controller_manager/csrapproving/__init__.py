"""Approves kubelets' requests for client certificates, where roles allow them to have those."""
