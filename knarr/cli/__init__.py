"""The `knarr` command."""
