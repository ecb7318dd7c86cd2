"""The verbs of the API, each in a file of its own, for every kind alike.

request.py is what a call carries; registry.py the verbs' front; write.py the
one pipeline of create, update and patch; read.py, watch.py, delete.py the others.
"""
