"""Server-side apply: who manages which field of an object.

- `field_sets.py`: sets of field paths, kept in the form they travel in;
- `schema.py`: how each part of an object merges, from the API types or from OpenAPI;
- `typed.py`: comparing, merging and trimming values along a schema;
- `managers.py`: what an update or an apply does to the object and its managedFields.
"""
