"""Makes the containers of one host match the pods bound to it."""
