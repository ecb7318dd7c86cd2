"""How the API server reaches the kubelets: connection.py is the seam, grpc.py the real one."""
