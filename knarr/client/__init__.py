"""The conversation with the API server.

client.py is the promise; grpc.py keeps it between processes and
knarr.cluster.in_process within one; informer.py keeps
a copy of what is watched; queue.py the keys to look at; carry_out.py writes.
"""
