"""The OpenAPI documents, made from the types and the table of kinds.

- `definitions.py`: a schema for each type;
- `operations.py`: the paths and what may be done there;
- `documents.py`: both put together, one document for v2, one a group version for v3.
"""
