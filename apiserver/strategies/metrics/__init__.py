"""What measured kinds show: they are never written."""
