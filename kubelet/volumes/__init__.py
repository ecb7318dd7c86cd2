"""Makes a pod's volumes on the host: payload.py says what is in them, volumes.py makes them."""
