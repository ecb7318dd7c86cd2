"""Events of events.k8s.io, which are another view of those of core/v1."""
