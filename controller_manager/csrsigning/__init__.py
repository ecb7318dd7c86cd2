"""Signs approved requests for certificates with the cluster's authority."""
