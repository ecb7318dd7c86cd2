"""Rules of HorizontalPodAutoscalers; the stored form is that of autoscaling/v2."""
