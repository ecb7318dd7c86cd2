"""What makes a process: run loop, clock, logs, settings, metrics, health, certificates."""
