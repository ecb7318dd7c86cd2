"""Lists the pods behind each Service in EndpointSlices.

pods.py says which pods of a Service count and how; packing.py spreads
endpoints over slices with few writes; decide.py and controller.py as everywhere.
"""
