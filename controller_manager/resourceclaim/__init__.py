"""Makes claims of devices that pods ask for by template, and gives devices back."""
