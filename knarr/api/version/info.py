"""The types of info in version."""

from knarr.api.structs import ApiStruct


class Info(ApiStruct):
    """The version of the server."""

    build_date: str
    """Moment it was built."""
    compiler: str
    """Compiler it was built with."""
    emulation_major: str = ""
    """Major version it behaves as."""
    emulation_minor: str = ""
    """Minor version it behaves as."""
    git_commit: str
    """Commit it was built from."""
    git_tree_state: str
    """State of the sources."""
    git_version: str
    """The whole version, such as v1.36.0."""
    go_version: str
    """Version of the language it is written in."""
    major: str
    """Major version."""
    min_compatibility_major: str = ""
    """Oldest major version it works with."""
    min_compatibility_minor: str = ""
    """Oldest minor version it works with."""
    minor: str
    """Minor version."""
    platform: str
    """System it runs on."""
