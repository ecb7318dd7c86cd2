"""metrics.k8s.io: what nodes and pods use, measured by the kubelets when somebody asks.

samples.py keeps the last two measurements of each node; rates.py turns two
measurements into what was used between them (pure); resource_metrics.py
answers the verbs, and serves the kinds once there is a kubelet to be asked.
"""
