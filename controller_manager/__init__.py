"""Makes the world match what is wanted: one folder a controller, `decide` apart from `controller`."""
