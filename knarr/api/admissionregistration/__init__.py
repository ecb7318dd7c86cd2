"""The types of the API group admissionregistration, one kind a file."""
