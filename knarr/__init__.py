"""What every part of Knarr shares: vocabulary, contract, conversation, process.

api is the vocabulary and does no I/O; proto the gRPC contract; daemon what
makes a process; client the conversation with the API server; cli the commands;
cluster starts everything on this machine.
"""
