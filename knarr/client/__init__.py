"""The conversation with the API server.

client.py is the promise, grpc.py and in_process.py keep it; informer.py keeps
a copy of what is watched; queue.py the keys to look at; carry_out.py writes.
"""
